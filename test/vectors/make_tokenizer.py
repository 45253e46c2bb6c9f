"""Golden numbers of CLIP's tokenizer: open_clip's SimpleTokenizer and transformers' CLIPTokenizer on a
hard corpus and on fuzzed strings, with OpenAI's vocabulary and with a tiny one drawn here.

    python test/vectors/make_tokenizer.py VOCABULARY.gz        (needs open_clip, transformers, ftfy)

VOCABULARY.gz is OpenAI's bpe_simple_vocab_16e6.txt.gz.  Writes tokenizer-golden.json beside itself, and
the tiny vocabulary: tokenizer-tiny/bpe_simple_vocab_16e6.txt and tokenizer.json.

The fuzzed strings are not stored: they follow from a seed and from two lists in the file, by the few
lines of fuzzed() here and in src/text/tokenizer_test.c.  Of each only 24 bits of a hash of its 77
numbers are stored.  Code points come from what Unicode 14 assigns, so that the Unicode versions of
Python, regex and tokenizers cannot disagree; 98 marks that tokenizers' older tables do not order, most
of them of Unicode 10 and later, are left out.

ftfy guesses whether a text was decoded with a wrong encoding; ours does not.  The reference for every
string is therefore open_clip with that one step of ftfy switched off, and "repaired" lists the fuzzed
strings whose numbers are others with it on.
"""
import collections
import gzip
import json
import os
import sys
import unicodedata

import ftfy
import open_clip.tokenizer
import tokenizers
import transformers

import formula

HERE = os.path.dirname(os.path.abspath(__file__))
MASK = (1 << 64) - 1
NFC = tokenizers.normalizers.NFC()
FUZZED, TINY_FUZZED, CONTEXT = 10000, 2000, 77

CORPUS = [
    "", " ", "a dog", "a photo of a cat", "A Photo Of A CAT.", "hello, world!!!", "it's they're we've I'm",
    "don't can't won't he'd she'll", "IT'S THEY'RE WE'VE", "it\u2019s \u201cquoted\u201d \u2018text\u2019",
    "12345 3.14 1,000,000 2nd", "x\u00b2 \u00bd \u2167 \u0661\u0662\u0663 \u4e00\u4e8c", "caf\u00e9 na\u00efve r\u00e9sum\u00e9 \u00c5ngstr\u00f6m",
    "cafe\u0301 nai\u0308ve A\u030angstro\u0308m", "STRASSE stra\u00dfe \u1e9e", "\u0130stanbul I\u0131 \u0130",
    "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u03a3 \u03a3\u0391\u03a3 \u03a3\u0391\u03a3. \u03b1\u03a3\u0301 \u03b1\u03a3' \u03a3\u03b1",
    "\u041c\u043e\u0441\u043a\u0432\u0430 \u041f\u0440\u0438\u0432\u0435\u0442", "\u65e5\u672c\u8a9e \u306e \u30c6\u30ad\u30b9\u30c8", "\u4e2d\u6587\u5b57\u7b26", "\ud55c\uad6d\uc5b4 \u1112\u1161\u11ab\u1100\u116e\u11a8",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0e44\u0e17\u0e22", "\u05e2\u05d1\u05e8\u05d9\u05ea",
    "\U0001f600\U0001f680 \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f1e7\U0001f1f7 \U0001f44d\U0001f3fd \u2764\ufe0f", "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
    "&amp; &lt;b&gt; &quot;x&quot; &#39;y&#39; &nbsp;z", "&amp;amp;amp; &amp;lt;", "a &eacute; &EACUTE; &Eacute &notit; &hellip;",
    "&#128; &#x2019; &#0; &#xD800; &#x110000; &#12ab; &#xfdd0; &#1;", "&CounterClockwiseContourIntegral; &NotEqualTilde; &zwj;",
    "<b>bold &amp; not</b> &eacute;", "this&not that &copy &ampx &AMP;", "&SZLIG; &NTILDE; &nTILDE; &HELLIP;",
    "line\none\r\ntwo\rthree\u2028four\u2029five\u0085six", "tab\tand\x0bvt\x0cff\x1cfs\x1dgs\x1ers\x1fus",
    "nul\x00bell\x07esc\x1b[31mred\x1b[0m del\x7f", "bom\ufeff \ufffc obj \u206a x \u200b zw \u200e lrm",
    "\u00a0nbsp\u00a0 \u2003em\u3000ideographic", "\uff21\uff22\uff23 \uff11\uff12 \uff76\uff9e\uff97 \uffe3 \uffe5",
    "\ufb01sh \ufb02ow \ufb03 \ufb05 \u0132 \u01c4 \u01f1 \u0149", "\u212b \u212a \u2126 \u00b5 \u00aa \u00ba \u2460 \u337f",
    "\u017fo '\u017f \u017fs x'\u017f 'S", "\x80\x93quoted\x94 \x85 \x91it\x92s\x97\x81", "mojibake s\u00c3\u00b3 \u00e2\u20ac\u2122",
    "<start_of_text> a <end_of_text> b", "<START_OF_TEXT> <|startoftext|>x<|endoftext|> y <|STARTOFTEXT|>",
    "<|startoftext|> <|endoftext|>", "<start_of_tex t> <end_of_text", "''s '' ''' 's's'd'll",
    "a_b-c/d\\e|f~g`h", "https://example.org/a?b=c&d=e#f", "user@example.org #tag @name", "$100 \u20ac5 \u00a33 100%",
    "C++ C# .NET a.b.c", "....... !!!??? ---", "e=mc^2 (a+b)*[c]{d}", "supercalifragilisticexpialidocious",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "abababababababababababab", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz qqqqqqqq",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031e\u0320\u034dA\u036b\u0357\u0334\u0362\u0335\u031c\u0330\u0354L\u0368\u0367\u0369\u0358\u0320G", "q\u0323\u0307 q\u0307\u0323 \u1e0b\u0323 \u0344 \u0958",
    "anime illustration", "vaporwave style image", "nsfw content", "low quality compressed image", "ui mockup",
    "a diagram", "a cat", "\u00bfQu\u00e9? \u00a1Hola!", "na\u0303o S\u00e3o Paulo cora\u00e7\u00e3o", "\u201e\u00dcber\u201c \u00e4\u00f6\u00fc\u00df",
    "\u1c90 \u10d0 \u13a0 \uab70 \u1e9e \u2c2f", "\U0001d400\U0001d4d0 \U00010400\U00010428", "\u3400 \U00020000 \uf900 \U0002f800", "\ue000 \uf8ff \ufdd0 \U000f0000",
    "one two three four five six seven eight nine ten " * 9, "word " * 75, "word " * 74 + "last", "\U0001f600" * 60, "1" * 200,
    "\u4e00" * 90, "x" * 300, "\n\n \t ", "\u200d", "\ufe0f", "&", "&;", "&#;", "&#x;", "'", "\u00df\u0149\u01f0",
]

PIECES = [
    " ", " ", " ", "a", "the", "photo", "Dog", "CAT", "illustration", "'s", "'LL", "'\u017f", "n't", ".", "!!", "\u2026", ",", "-", "_", "\n",
    "\t", "\r\n", "\u0085", "\u00a0", "\u3000", "\x1c", "\x00", "\x1b[1;31m", "\x7f", "\ufeff", "&amp;", "&lt;", "&eacute;", "&EACUTE;",
    "&copy", "&notin;", "&#65;", "&#x41", "&#150;", "&#;", "&", "<", ">", "<b>", "\u2019", "\u201c", "\ufb01", "\uff21", "\uff76\uff9e", "\u0301", "\u0308",
    "\u0327\u0301", "\u03a3", "\u039f\u0394\u039f\u03a3", "\u0130", "\u00df", "\u00e9", "e\u0301", "\u212b", "\uac01", "\u1100\u1161\u11a8", "\u4e2d\u6587", "\u65e5\u672c", "\u30ab\u3099",
    "\U0001f600", "\u200d", "\ufe0f", "\U0001f1e7\U0001f1f7", "<start_of_text>", "<end_of_text>", "<|startoftext|>", "<|endoftext|>", "0", "42", "\u0663",
    "\u00bd", "\u2167", "\u20ac", "$", "#", "@", "http://", ".org", "supercalifragilistic", "aaaa", "zzzz", "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0e44\u0e17\u0e22",
]


# ---- strings by seed ----------------------------------------------------------------------------

def usable(c):
    """Assigned, and known to the composition tables of both sides."""
    if unicodedata.category(chr(c)) in ("Cn", "Cs"):
        return False
    pairs = [chr(c) + "\u0334", "\u0345" + chr(c)] if unicodedata.combining(chr(c)) else []
    return all(NFC.normalize_str("a" + p) == unicodedata.normalize("NFC", "a" + p) for p in pairs)


def assigned_ranges():
    """Runs of assigned code points in every 256 of the BMP and in the emoji and letter-like planes."""
    out = []
    for block in [*range(0, 0x10000, 256), 0x10400, 0x1D400, 0x1F300, 0x1F600, 0x1F900, 0x20000, 0x2F800]:
        run = None
        for c in range(block, block + 257):
            good = c < block + 256 and usable(c)
            if good and run is None:
                run = c
            if not good and run is not None:
                out.append([run, c - 1])
                run = None
    return out


class Random:
    """splitmix64 (Steele, Lea and Flood 2014)."""

    def __init__(self, seed):
        self.s = seed

    def below(self, n):
        self.s = (self.s + 0x9E3779B97F4A7C15) & MASK
        z = self.s
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) >> 32) % n


def fuzzed(i, ranges):
    r = Random(i)
    text = ""
    for _ in range(1 + r.below(14)):
        kind = r.below(8)
        if kind < 4:
            text += PIECES[r.below(len(PIECES))]
        elif kind < 6:
            lo, hi = ranges[r.below(len(ranges))]
            for _ in range(1 + r.below(3)):
                text += chr(lo + r.below(hi - lo + 1))
        else:
            for _ in range(1 + r.below(9)):
                text += chr(97 + r.below(26)) if kind == 6 else chr(32 + r.below(95))
    return text


def short_hash(ids):
    h = 0x811C9DC5
    for x in ids:
        for shift in (0, 8, 16, 24):
            h = ((h ^ (x >> shift & 255)) * 0x01000193) & 0xFFFFFFFF
    return f"{(h ^ h >> 24) & 0xFFFFFF:06x}"


# ---- the references -----------------------------------------------------------------------------

class OpenClip:
    def __init__(self, path):
        self.tokenizer = open_clip.tokenizer.SimpleTokenizer(bpe_path=path)

    def __call__(self, text, guess=False):
        fix = ftfy.fix_text
        open_clip.tokenizer.ftfy.fix_text = lambda t: fix(t, fix_encoding=guess)
        try:
            return self.tokenizer([text], CONTEXT)[0].tolist()
        finally:
            open_clip.tokenizer.ftfy.fix_text = fix


class HuggingFace:
    def __init__(self, openclip):
        names = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
        vocab = {names.get(k, k): v for k, v in openclip.tokenizer.encoder.items()}
        self.tokenizer = transformers.CLIPTokenizer(vocab=vocab, merges=list(openclip.tokenizer.bpe_ranks))

    def __call__(self, text):
        return self.tokenizer(text, truncation=True, max_length=CONTEXT, padding="max_length").input_ids


def tiny_merges(count=240):
    """Byte-pair encoding learnt from the corpus above: the pair that comes most often, first of equals."""
    to_char = open_clip.tokenizer.bytes_to_unicode()
    words = collections.Counter()
    for text in CORPUS + PIECES:
        for word in text.lower().split():
            chars = [to_char[b] for b in word.encode("utf-8", "replace")]
            words[tuple(chars[:-1] + [chars[-1] + "</w>"])] += 1
    merges = []
    while len(merges) < count:
        pairs = collections.Counter()
        for word, n in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        best = max(sorted(pairs), key=lambda p: pairs[p])
        merges.append(best)
        joined = collections.Counter()
        for word, n in words.items():
            out, i = [], 0
            while i < len(word):
                if word[i:i + 2] == best:
                    out.append(word[i] + word[i + 1])
                    i += 2
                else:
                    out.append(word[i])
                    i += 1
            joined[tuple(out)] += n
        words = joined
    return merges


def write_tiny():
    folder = os.path.join(HERE, "tokenizer-tiny")
    os.makedirs(folder, exist_ok=True)
    text = "drawn by make_tokenizer.py\n" + "\n".join(" ".join(m) for m in tiny_merges())
    plain = os.path.join(folder, "bpe_simple_vocab_16e6.txt")
    with open(plain, "w") as f:
        f.write(text)
    packed = plain + ".gz"
    with gzip.open(packed, "wb") as f:
        f.write(text.encode())
    ours = OpenClip(packed)
    os.remove(packed)
    hf = HuggingFace(ours)
    hf.tokenizer.backend_tokenizer.save(os.path.join(folder, "tokenizer.json"), pretty=False)
    return ours, hf


# ---- the file -----------------------------------------------------------------------------------

def trimmed(ids, end):
    return ids[:ids.index(end, 1) + 1] if end in ids[1:] else ids


def main():
    ours = OpenClip(sys.argv[1])
    hf = HuggingFace(ours)
    tiny, tiny_hf = write_tiny()
    ranges = assigned_ranges()
    texts = [fuzzed(i, ranges) for i in range(FUZZED)]
    golden = {
        "made_by": "make_tokenizer.py",
        "versions": {**formula.versions(open_clip, transformers, tokenizers, ftfy),
                     "unicodedata": unicodedata.unidata_version},
        "corpus": CORPUS,
        "open_clip": [short_hash(ours(t)) for t in CORPUS], "hugging": [short_hash(hf(t)) for t in CORPUS],
        "spelt_out": {t: {"open_clip": trimmed(ours(t), 49407), "hugging": trimmed(hf(t), 49407)}
                      for t in CORPUS[2:16]},
        "pieces": PIECES, "ranges": ranges,
        "fuzzed_open_clip": "".join(short_hash(ours(t)) for t in texts),
        "fuzzed_hugging": "".join(short_hash(hf(t)) for t in texts),
        "tiny_open_clip": "".join(short_hash(tiny(t)) for t in texts[:TINY_FUZZED]),
        "tiny_hugging": "".join(short_hash(tiny_hf(t)) for t in texts[:TINY_FUZZED]),
        "tiny_corpus_open_clip": [short_hash(tiny(t)) for t in CORPUS],
        "tiny_corpus_hugging": [short_hash(tiny_hf(t)) for t in CORPUS],
        "repaired": [i for i, t in enumerate(texts) if ours(t) != ours(t, guess=True)],
    }
    formula.save(os.path.join(HERE, "tokenizer-golden.json"), **golden)
    print(len(golden["repaired"]), "of", FUZZED, "fuzzed strings are repaired by ftfy's guess")


if __name__ == "__main__":
    main()
