/* service/words/labels_builtin.c - the 121 labels that serve when nobody gives others, in the order of the
 * classifier whose clients this program takes over. */
#include "service/words/labels.h"

/* clang-format off */
const char *const ay_labels_builtin[] = {
    "anime illustration", "manga panel", "cartoon", "comic art", "chibi character", "3d render",
    "pixel art", "vector illustration", "line art drawing", "watercolor painting", "oil painting",
    "real life photo", "portrait photo", "selfie photo", "group photo", "close-up face photo",
    "landscape photo", "cityscape photo", "street photography", "night photo", "indoor photo",
    "outdoor photo", "nature photo", "animal photo", "pet photo", "food photo", "product photo",
    "car photo", "motorcycle photo", "document screenshot", "website screenshot",
    "mobile app screenshot", "desktop app screenshot", "chat screenshot", "video game screenshot",
    "fps game screenshot", "rpg game screenshot", "moba game screenshot",
    "racing game screenshot", "sports game screenshot", "stream overlay screenshot", "meme image",
    "reaction meme", "shitpost meme", "motivational quote image", "text-only image",
    "poster design", "banner design", "logo design", "brand identity image", "infographic",
    "presentation slide", "advertisement image", "flyer design", "event poster", "album cover",
    "book cover", "movie poster", "anime wallpaper", "gaming wallpaper", "abstract wallpaper",
    "minimal wallpaper", "tech wallpaper", "sticker style image", "emoji style image",
    "telegram sticker style", "whatsapp sticker style", "cute style image", "kawaii style image",
    "dark aesthetic image", "cyberpunk style image", "fantasy art", "sci-fi art", "horror art",
    "gothic style image", "retro style image", "vaporwave style image", "glitch art",
    "low quality compressed image", "blurry image", "watermarked image", "collage image",
    "photo with overlaid text", "handwritten note photo", "whiteboard photo", "code screenshot",
    "terminal screenshot", "dashboard screenshot", "chart screenshot", "ui mockup",
    "wireframe design", "architecture photo", "interior design photo", "fashion photo",
    "beauty photo", "wedding photo", "party photo", "sports photo", "gym photo", "travel photo",
    "beach photo", "mountain photo", "forest photo", "rainy weather photo", "sunset photo",
    "space themed image", "medical image", "educational image", "news image", "political image",
    "religious image", "family-friendly content", "violent content", "weapon content",
    "gore content", "drug-related content", "alcohol-related content", "smoking-related content",
    "suggestive content", "nsfw content", "adult explicit content",
};
/* clang-format on */
const int ay_labels_builtin_count = (int)(sizeof ay_labels_builtin / sizeof *ay_labels_builtin);
