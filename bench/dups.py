#!/usr/bin/env python3
"""Copies of known kinds among hard negatives, and how well duplicates are told (bench/dups.md).

    BENCH_PYTHON bench/dups.py make FOLDER [--data ../shared/data]   the labelled set: pictures, labels.tsv, known.tsv
    BENCH_PYTHON bench/dups.py judge FOLDER [--half a|b]             runs "assay dups" on it, prints the tables
    BENCH_PYTHON bench/dups.py peer FOLDER [--half a|b]              the 64-bit phash of ImageHash, at several distances
    BENCH_PYTHON bench/dups.py pairs FOLDER [--half a]               labelled pairs for bench/dups.c, which prints their measures

Copies are made by Pillow: by encoders and filters that are not ours.  A picture belongs to half a or b by its name's digest, and
its copies with it.  Pictures of the sets that are duplicates by themselves are in bench/dups_known.tsv."""
import argparse, hashlib, io, json, os, random, shutil, subprocess, sys, tarfile
from collections import defaultdict

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFont, ImageStat

HERE = os.path.dirname(os.path.abspath(__file__))
ASSAY = os.environ.get("ASSAY", os.path.join(HERE, "../build/release/assay"))
FILTERS = [Image.LANCZOS, Image.BICUBIC, Image.BILINEAR, Image.BOX]
OTHER = ("other shot", "still frame", "burst", "one detail")  # of the same thing, and not the same picture
FAMILIES = (("bytes, metadata, another lossless format, EXIF turned", {"bytes", "metadata", "lossless", "exif-lossless"}), ("resized", "resized 0"),
            ("compressed again", ("jpeg", "webp")), ("resized, compressed again", "resized + jpeg"), ("turned by EXIF, compressed again", "exif-rotated"),
            ("turned", "turned"), ("mirrored", "mirrored"), ("cropped", "crop"))
SAME = {"original", "bytes", "metadata", "lossless", "exif-lossless"}


def rgb(path):
    """As Assay sees it: upright, transparency over white."""
    from PIL import ImageOps
    im = ImageOps.exif_transpose(Image.open(path))
    if im.mode in ("RGBA", "LA", "PA") or "transparency" in im.info:
        im = im.convert("RGBA")
        white = Image.new("RGB", im.size, (255, 255, 255))
        white.paste(im, mask=im.getchannel("A"))
        return white
    return im.convert("RGB")


def half(name):
    return "ab"[hashlib.sha256(name.encode()).digest()[0] & 1]


# ---- originals

def page(rng, font, words, w=620, h=877):
    im = Image.new("RGB", (w, h), "white")
    d = ImageDraw.Draw(im)
    d.text((60, 50), "Report %d" % rng.randrange(1000), fill="black", font=font(26))
    y = 110
    while y < h - 80:
        line = ""
        while d.textlength(line, font=font(14)) < w - 190:
            line += rng.choice(words) + " "
        d.text((60, y), line, fill=(20, 20, 20), font=font(14))
        y += 21
    return im


def other_shot(im, rng):
    """What a second press of the shutter gives: turned by a hair, moved, a little other light, and something has moved."""
    w, h = im.size
    a = rng.uniform(0.3, 1.5) * rng.choice([-1, 1])
    out = im.rotate(a, Image.BICUBIC, expand=False, fillcolor=(128, 128, 128))
    m = max(2, int(0.03 * min(w, h)))
    dx, dy = rng.randrange(-m // 2, m // 2 + 1), rng.randrange(-m // 2, m // 2 + 1)
    out = out.crop((m + dx, m + dy, w - m + dx, h - m + dy)).resize((w, h), Image.BICUBIC)
    out = ImageEnhance.Brightness(out).enhance(rng.uniform(0.97, 1.03))
    s = int(0.18 * min(w, h))
    x, y = rng.randrange(w - 2 * s), rng.randrange(h - 2 * s)
    part = out.crop((x, y, x + s, y + s))
    out.paste(part, (x + s // 4, y + s // 6))
    return out


def still_shot(im, rng):
    """A tripod's second frame: the same but for one small thing that moved."""
    w, h = im.size
    out = im.copy()
    s = int(rng.uniform(0.08, 0.12) * min(w, h))
    x, y = rng.randrange(w // 4, 3 * w // 4 - s), rng.randrange(h // 4, 3 * h // 4 - s)
    gx, gy = rng.choice([(s, 0), (0, s), (-s, 0), (0, -s)])
    part, under = im.crop((x, y, x + s, y + s)), im.crop((x + gx, y + gy, x + gx + s, y + gy + s))
    out.paste(part, (x + gx, y + gy))
    seen = sum(ImageStat.Stat(ImageChops.difference(part, under)).mean) / 3
    return out if seen >= 12 else still_shot(im, rng)  # one sky for another is no other picture


def burst_shot(im, rng):
    """The next frame of a burst from the hand: moved by a pixel or two, the sensor's noise, and the subject has moved within it."""
    import numpy as np
    w, h = im.size
    r = rng.uniform(0.15, 0.25) * min(w, h)
    cx, cy = rng.uniform(0.35, 0.65) * w, rng.uniform(0.35, 0.65) * h
    turn, reach = rng.uniform(0, 6.28), rng.uniform(0.03, 0.05) * min(w, h)
    sx, sy = rng.uniform(0.5, 2) * rng.choice([-1, 1]), rng.uniform(0.5, 2) * rng.choice([-1, 1])
    y, x = np.mgrid[0:h, 0:w].astype(float)
    k = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * (r / 2) ** 2)) * reach
    u, v = np.clip(x + sx + k * np.cos(turn), 0, w - 1.001), np.clip(y + sy + k * np.sin(turn), 0, h - 1.001)
    a, x0, y0 = np.asarray(im, float), u.astype(int), v.astype(int)
    fx, fy = (u - x0)[..., None], (v - y0)[..., None]
    out = (a[y0, x0] * (1 - fx) + a[y0, x0 + 1] * fx) * (1 - fy) + (a[y0 + 1, x0] * (1 - fx) + a[y0 + 1, x0 + 1] * fx) * fy
    out = out + np.random.default_rng(rng.randrange(1 << 30)).normal(0, 2, out.shape)
    return Image.fromarray(np.clip(out + 0.5, 0, 255).astype("uint8"))


def one_detail(im, rng):
    """The same part with one more hole, scratch or stain: a spot of a twenty-fifth of a side, clearly lighter or darker."""
    w, h = im.size
    out, s = im.copy(), max(4, round(rng.uniform(0.035, 0.05) * min(w, h)))
    long = s * rng.choice([1, 1, 3])
    x, y = rng.randrange(w // 4, max(w // 4 + 1, 3 * w // 4 - long)), rng.randrange(h // 4, max(h // 4 + 1, 3 * h // 4 - s))
    mean = ImageStat.Stat(im.crop((x, y, x + long, y + s))).mean
    by = 70 if sum(mean) < 384 else -70
    ImageDraw.Draw(out).ellipse((x, y, x + long - 1, y + s - 1), fill=tuple(max(0, min(255, round(c + by))) for c in mean))
    return out


def originals(data, out, draw):
    """(name, family, how to get its bytes) of everything that is no copy."""
    rng = random.Random(1)
    got = []

    def add(name, family, path):
        got.append((name, family, path))
    for klass in sorted(os.listdir(f"{data}/ewaste")):
        for f in sorted(os.listdir(f"{data}/ewaste/{klass}")):
            add(f"ewaste_{klass}_{f}", "ewaste", f"{data}/ewaste/{klass}/{f}")
    for klass in sorted(os.listdir(f"{data}/neu-det")):
        for f in sorted(os.listdir(f"{data}/neu-det/{klass}")):
            add(f"neu_{f}", "neu-det", f"{data}/neu-det/{klass}/{f}")
    for f in sorted(os.listdir(f"{data}/photos")):
        if f != "COPYRIGHT":
            add(f"photo_{f}", "photos", f"{data}/photos/{f}")
    for f in sorted(os.listdir(f"{data}/resnet18-imagenet/photos")):
        add(f"photo_{f}", "photos", f"{data}/resnet18-imagenet/photos/{f}")
    if draw and os.path.isdir(draw):
        for root, _, files in sorted(os.walk(draw)):
            for f in sorted(files):
                if f.endswith((".png", ".jpg")):
                    add(f"drawn_{os.path.basename(root)}_{f}".replace(" ", "-"), "drawn", os.path.join(root, f))
    tar = f"{data}/train/research/coil100.tar.zst"
    if os.path.exists(tar):
        raw = subprocess.run(["zstd", "-dqc", tar], stdout=subprocess.PIPE, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(raw)) as t:
            names = sorted(m.name for m in t.getmembers() if m.isfile() and m.name.endswith((".png", ".jpg")))
            groups = defaultdict(list)
            for n in names:
                groups[os.path.basename(n).split("__")[0] if "__" in n else os.path.dirname(n)].append(n)
            for g in sorted(groups)[:30]:
                for n in groups[g][:10]:
                    p = f"{out}/.coil_{os.path.basename(g)}_{os.path.basename(n)}"
                    with open(p, "wb") as f:
                        f.write(t.extractfile(n).read())
                    add(os.path.basename(p)[1:], "coil", p)
    fonts = ["/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"]
    font = (lambda s: ImageFont.truetype(fonts[0], s)) if os.path.exists(fonts[0]) else (lambda s: ImageFont.load_default(s))
    words = [w for w in open(os.path.join(HERE, "../README.md")).read().split() if w.isalpha()]
    for i in range(60):
        p = f"{out}/.page{i}.png"
        page(rng, font, words).save(p)
        add(f"page_{i}.png", "pages", p)
    return got


# ---- copies: kind, what to do; each answers (extension, bytes)

def encoded(im, fmt, **kw):
    b = io.BytesIO()
    im.save(b, fmt, **kw)
    return b.getvalue()


def resized(im, k, rng):
    return im.resize((max(1, round(im.width * k)), max(1, round(im.height * k))), rng.choice(FILTERS))


def cropped(im, part, rng):
    w, h = round(im.width * (1 - part)), round(im.height * (1 - part))
    x, y = rng.randrange(im.width - w + 1), rng.randrange(im.height - h + 1)
    return im.crop((x, y, x + w, y + h))


STORED = {6: Image.ROTATE_90, 3: Image.ROTATE_180, 8: Image.ROTATE_270}  # what is stored so that the tag sets it upright


def with_tag(im, tag, fmt, **kw):
    exif = Image.Exif()
    exif[0x0112] = tag
    return encoded(im.transpose(STORED[tag]), fmt, exif=exif, **kw)


def with_metadata(raw):
    """The same stream with something said beside the pixels; None: not a format we know how to add to."""
    if raw[:2] == b"\xff\xd8":
        text = b"made by bench/dups.py"
        return ".jpg", raw[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + raw[2:]
    if raw[:8] == b"\x89PNG\r\n\x1a\n":
        import zlib
        body = b"tEXtComment\0made by bench/dups.py"
        end = raw.rindex(b"IEND") - 4
        chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
        return ".png", raw[:end] + chunk + raw[end:]
    return None


def copies(raw, im, rng):
    yield "bytes", (".bin", raw)
    more = with_metadata(raw)
    if more:
        yield "metadata", more
    yield "lossless", rng.choice([(".png", encoded(im, "PNG")), (".bmp", encoded(im, "BMP")), (".tif", encoded(im, "TIFF")),
                                  (".webp", encoded(im, "WEBP", lossless=True, exact=True))])
    yield "exif-lossless", (".png", with_tag(im, rng.choice([3, 6, 8]), "PNG"))
    for k in (0.3, 0.45, 0.6, 0.75, 0.9):
        yield f"resized {k}", (".png", encoded(resized(im, k, rng), "PNG"))
    for q in (40, 60, 75, 90):
        yield f"jpeg {q}", (".jpg", encoded(im, "JPEG", quality=q))
    yield "webp 40-90", (".webp", encoded(im, "WEBP", quality=rng.randrange(40, 91)))
    yield "png 256 colours", (".png", encoded(im.quantize(256), "PNG"))
    yield "resized + jpeg", (".jpg", encoded(resized(im, rng.uniform(0.3, 0.9), rng), "JPEG", quality=rng.randrange(40, 91)))
    yield "exif-rotated jpeg", (".jpg", with_tag(im, rng.choice([3, 6, 8]), "JPEG", quality=rng.randrange(60, 91)))
    yield "turned", (".jpg", encoded(im.transpose(rng.choice(list(STORED.values()))), "JPEG", quality=88))
    yield "mirrored", (".jpg", encoded(im.transpose(Image.FLIP_LEFT_RIGHT), "JPEG", quality=88))
    yield "crop 2 %", (".jpg", encoded(cropped(im, 0.02, rng), "JPEG", quality=90))
    yield "crop 5 %", (".jpg", encoded(cropped(im, 0.05, rng), "JPEG", quality=90))
    yield "crop 10 %", (".jpg", encoded(cropped(im, 0.10, rng), "JPEG", quality=90))
    yield "crop 5 % + resized + jpeg", (".jpg", encoded(resized(cropped(im, 0.05, rng), rng.uniform(0.4, 0.8), rng), "JPEG", quality=75))


COUNT = {"ewaste": 240, "photos": 213, "neu-det": 120, "drawn": 100, "coil": 100, "pages": 30}
COPIED = {"ewaste": 40, "photos": 45, "neu-det": 8, "drawn": 8, "coil": 5, "pages": 4}


def choose(found, seed, used=()):
    """The pictures of a set, and the names of those that have copies: none of the used ones."""
    rng = random.Random(6 + seed)
    byfamily = defaultdict(list)
    for g in found:
        byfamily[g[1]].append(g)
    everything = [g for f, n in COUNT.items() for g in sorted(random.Random(2 + seed).sample(byfamily[f], min(n, len(byfamily[f]))))]
    picked = set()
    for family, n in COPIED.items():
        names = [g[0] for g in everything if g[1] == family and g[0] not in used]
        picked |= set(rng.sample(names, min(n, len(names))))
    return everything, picked


def make(a):
    out = a.folder
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out + "/set")
    found = originals(a.data, out, a.drawn)
    used = {name for seed in a.new_to for name in choose(found, seed)[1]}
    everything, picked = choose(found, a.seed, used)
    with open(out + "/labels.tsv", "w") as labels:
        def put(name, ext, raw, group, kind, family):
            f = f"{name}{ext}"
            with open(f"{out}/set/{f}", "wb") as o:
                o.write(raw)
            labels.write(f"{f}\t{group}\t{kind}\t{family}\t{half(group)}\n")
        for name, family, path in everything:
            raw = open(path, "rb").read()
            stem = os.path.splitext(name)[0]
            put(stem, os.path.splitext(name)[1], raw, stem, "original", family)
            own = random.Random(name + (str(a.seed) if a.seed != 1 else ""))
            im = None
            if name in picked:
                im = rgb(path)
                for i, (kind, (ext, data)) in enumerate(copies(raw, im, own)):
                    put(f"{stem}~{i}", ext, data, stem, kind, family)
            if family == "photos" and len(stem) % 2 == 0:
                im = im or rgb(path)
                put(f"{stem}^shot", ".jpg", encoded(other_shot(im, own), "JPEG", quality=92), stem + "^shot", "other shot", "shots")
                put(f"{stem}^still", ".jpg", encoded(still_shot(im, own), "JPEG", quality=92), stem + "^still", "still frame", "stills")
            own = random.Random(name + "others" + str(a.seed))
            if name in picked:
                put(f"{stem}^burst", ".jpg", encoded(burst_shot(im, own), "JPEG", quality=92), stem + "^burst", "burst", "bursts")
                put(f"{stem}^detail", ".jpg", encoded(one_detail(im, own), "JPEG", quality=92), stem + "^detail", "one detail", "details")
    for f in os.listdir(out):
        if f.startswith("."):
            os.remove(f"{out}/{f}")


# ---- judging

class Labels:
    def __init__(self, folder, which):
        self.group, self.kind, self.family, self.half = {}, {}, {}, {}
        for line in open(folder + "/labels.tsv"):
            f, g, k, fam, h = line.rstrip("\n").split("\t")
            self.group[f], self.kind[f], self.family[f], self.half[f] = g, k, fam, h
        for f in list(self.half):  # another shot goes where its first went
            if "^" in self.group[f]:
                self.half[f] = half(self.group[f].split("^")[0])
        self.known = set()
        path = os.path.join(HERE, "dups_known.tsv")
        if os.path.exists(path):
            for line in open(path):
                if not line.startswith("#") and line.strip():
                    x, y = line.rstrip("\n").split("\t")[:2]
                    self.known.add(frozenset((x, y)))
        self.names = sorted(f for f in self.group if which in (None, self.half[f]))

    def same(self, x, y):
        gx, gy = self.group[x], self.group[y]
        return gx == gy or frozenset((gx, gy)) in self.known

    def unsure(self, x, y):
        """Two crops of one picture may or may not show enough of each other."""
        return self.same(x, y) and "crop" in self.kind[x] and "crop" in self.kind[y]


def table(lab, edges, tiers, folder):
    """edges: pairs of files that were put together, {pair: tier}."""
    near = defaultdict(set)
    for (x, y), t in edges.items():
        near[x].add(y), near[y].add(x)
    rows = defaultdict(lambda: [0, 0])
    originals = {lab.group[f]: f for f in lab.names if lab.kind[f] == "original"}
    for f in lab.names:
        if lab.kind[f] in ("original", *OTHER):
            continue
        o = originals[lab.group[f]]
        pair = (min(f, o), max(f, o))
        ok = pair in edges and (not tiers or lab.kind[f] not in SAME or edges[pair] == "same")
        rows[lab.kind[f]][0] += ok
        rows[lab.kind[f]][1] += 1
        if not ok and os.environ.get("SHOW"):
            print("missed", lab.kind[f], f, file=sys.stderr)
    print("| family of copies | found | of | recall |\n|---|---:|---:|---:|")
    for name, kinds in FAMILIES:
        of = [v for k, v in rows.items() if (k in kinds if isinstance(kinds, set) else k.startswith(kinds))]
        n, m = sum(v[0] for v in of), sum(v[1] for v in of)
        print(f"| {name} | {n} | {m} | {n / max(m, 1):.4f} |")
    print("\n| kind of copy | found | of | recall |\n|---|---:|---:|---:|")
    total = {"same": [0, 0], "picture": [0, 0], "crops": [0, 0]}
    for k, (n, m) in rows.items():
        print(f"| {k} | {n} | {m} | {n / m:.4f} |")
        if k == "png 256 colours":  # fewer colours are another picture where they show: a row of its own
            continue
        t = total["same" if k in SAME else "crops" if "crop" in k else "picture"]
        t[0] += n
        t[1] += m
    for k, (n, m) in total.items():
        print(f"| **all {k}** | {n} | {m} | **{n / max(m, 1):.4f}** |")
    wrong, right = defaultdict(list), 0
    for x, y in edges:
        if lab.same(x, y):
            right += 1
        else:
            wrong[tuple(sorted({lab.family[x], lab.family[y]}))].append((x, y))
    n = sum(map(len, wrong.values()))
    print(f"\npairs put together: {right + n}, wrong: {n}, precision {right / max(1, right + n):.4f}")
    for k, v in sorted(wrong.items()):
        print(f"  wrong among {' and '.join(k)}: {len(v)}")
        if os.environ.get("SHOW"):
            for x, y in v:
                print("   ", edges[(x, y)], x, y, file=sys.stderr)
    for t in ("same", "picture"):
        all_t = [e for e, tt in edges.items() if tt == t]
        if all_t and tiers:
            bad = sum(not lab.same(*e) for e in all_t)
            if t == "same":  # 256 colours of a grey picture are all of it: what no label says, the pixels do
                bad += sum(lab.same(*e) and not (lab.kind[e[0]] in SAME and lab.kind[e[1]] in SAME) and
                           rgb(f"{folder}/set/{e[0]}").tobytes() != rgb(f"{folder}/set/{e[1]}").tobytes() for e in all_t)
            print(f"  tier {t}: {len(all_t)} pairs, wrong {bad}, precision {1 - bad / len(all_t):.4f}")


def judge(a):
    lab = Labels(a.folder, a.half)
    answer = a.answer or a.folder + "/answer.json"
    if not os.path.exists(answer):
        with open(answer, "w") as f:
            subprocess.run([ASSAY, "dups", "--json", "--quiet", "--tier", "picture", a.folder + "/set"], stdout=f)
    groups = json.load(open(answer))["groups"]
    want = set(lab.names)
    edges, same_of = {}, {}
    for g in groups:
        files = [os.path.basename(p["file"]) for p in g["pictures"]]
        if g["tier"] == "same":
            for f in files:
                same_of[f] = files
    for g in groups:
        if g["tier"] not in ("same", "picture"):
            continue
        files = [os.path.basename(p["file"]) for p in g["pictures"]]
        if g["tier"] == "picture":  # a picture stands for what is the same as it
            files = [f for p in files for f in same_of.get(p, [p])]
        for i, x in enumerate(files):
            for y in files[i + 1:]:
                if x in want and y in want:
                    p = (min(x, y), max(x, y))
                    if edges.get(p) != "same":
                        edges[p] = g["tier"]
    table(lab, edges, True, a.folder)


# ---- the peer: ImageHash's phash, in numpy, step by step as it is defined there

def phash(im):
    import numpy as np
    n = 32
    g = np.asarray(im.convert("L").resize((n, n), Image.LANCZOS), float)
    k = np.cos(np.pi * np.arange(n)[:, None] * (2 * np.arange(n) + 1) / (2 * n))
    low = (k @ g @ k.T)[:8, :8]
    return (low > np.median(low)).flatten()


def peer(a):
    import numpy as np
    lab = Labels(a.folder, a.half)
    h = np.array([phash(rgb(f"{a.folder}/set/{f}")) for f in lab.names]).astype(np.int16)
    d = 64 - (h @ h.T + (1 - h) @ (1 - h).T)
    for t in a.distances:
        print(f"\n### phash, at most {t} bits differ\n")
        i, k = np.nonzero(np.triu(d <= t, 1))
        table(lab, {(min(lab.names[x], lab.names[y]), max(lab.names[x], lab.names[y])): "picture" for x, y in zip(i, k)}, False, a.folder)


def pairs(a):
    lab = Labels(a.folder, a.half)
    originals = {lab.group[f]: f for f in lab.names if lab.kind[f] == "original"}
    for f in lab.names:
        if lab.kind[f] not in ("original", *OTHER):
            print(f"{a.folder}/set/{originals[lab.group[f]]}\t{a.folder}/set/{f}\t{lab.kind[f]}\t1")
        elif "^" in lab.group[f]:
            first = lab.group[f].split("^")[0]
            for o in lab.names:  # the original, and what it was made smaller to
                if o in originals.values() and lab.group[o] == first or lab.group[o] == first and "resized" in lab.kind[o]:
                    print(f"{a.folder}/set/{o}\t{a.folder}/set/{f}\t{lab.kind[f]}\t0")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["make", "judge", "peer", "pairs"])
    p.add_argument("folder")
    p.add_argument("--data", default=os.path.join(HERE, "../../shared/data"))
    p.add_argument("--drawn", default="")
    p.add_argument("--seed", type=int, default=1, help="of make: another choice of pictures and copies")
    p.add_argument("--new-to", type=int, nargs="*", default=[], metavar="SEED", help="of make: copies of pictures only that have none with these seeds")
    p.add_argument("--half", choices=["a", "b"])
    p.add_argument("--answer", help="what 'assay dups --json' said; FOLDER/answer.json, made when it is not there")
    p.add_argument("--distances", type=int, nargs="*", default=[4, 8, 10])
    a = p.parse_args()
    {"make": make, "judge": judge, "peer": peer, "pairs": pairs}[a.what](a)


if __name__ == "__main__":
    main()
