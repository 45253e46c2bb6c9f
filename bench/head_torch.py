"""An epoch of a frozen ResNet18 with a new head as PyTorch users write it: every picture through the
body again, a step of the head a batch.  Prints processor seconds for 420 pictures (NEU-DET's training
side), one thread.  Assay's epoch over cached features: "seconds" in history.json of
    assay train ../shared/data/neu-det --out m --frozen --backbone resnet18.safetensors
"""
import time

import torch
from torchvision.models import resnet18

torch.manual_seed(1)
torch.set_num_threads(1)
body = resnet18(weights=None)
body.fc = torch.nn.Identity()
body.eval()
head = torch.nn.Sequential(torch.nn.Dropout(0.3), torch.nn.Linear(512, 256), torch.nn.ReLU(),
                           torch.nn.Dropout(0.15), torch.nn.Linear(256, 6))
optimiser = torch.optim.AdamW(head.parameters(), 1e-3)
x, y = torch.randn(32, 3, 224, 224), torch.randint(0, 6, (32,))


def step():
    with torch.no_grad():
        features = body(x)
    loss = torch.nn.functional.cross_entropy(head(features), y)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


step()
start = time.process_time()
for _ in range(3):
    step()
print(f"{(time.process_time() - start) / 96 * 420:.2f} processor seconds an epoch of 420 pictures")
