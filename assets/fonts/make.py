#!/usr/bin/env python3
"""Makes causeway-letters.otf anew: Noto Sans CJK SC cut down to what letters are written with.

    apt-get install fonts-noto-cjk && pip install fonttools
    python3 assets/fonts/make.py [/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc]

In it: GB 2312 whole, the 8,105 characters of the Table of General Standard Chinese Characters
(2013; general-use.txt), Latin with its accents as far as the font has them, Greek, and the signs
of medicine. Not in it: hinting, kerning and vertical forms, which print does not need here.
"""

import pathlib
import sys

from fontTools import subset

HERE = pathlib.Path(__file__).parent
NOTO = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
SIMPLIFIED = 2  # the face of simplified Chinese in the collection
RANGES = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x391, 0x3C9), (0x2010, 0x2027), (0x2030, 0x203B), (0x2160, 0x216B),
    (0x2190, 0x2193), (0x2460, 0x2473), (0x3000, 0x303F), (0xFF01, 0xFF5E),
]
SIGNS = "℃℉‰≤≥≠≈±×÷√∞∑µμΩ℧㎎㎏㎜㎝㎡㏄★●○■□▲△◆◇✓→←↑↓♂♀·•…—–¥￥€"


def gb2312():
    for first in range(0xA1, 0xF8):
        for second in range(0xA1, 0xFF):
            try:
                yield bytes([first, second]).decode("gb2312")
            except UnicodeDecodeError:
                pass


def main():
    letters = set(gb2312()) | set(SIGNS)
    letters |= set((HERE / "general-use.txt").read_text("utf-8")) - {"\n"}
    letters |= {chr(code) for first, last in RANGES for code in range(first, last + 1)}
    options = subset.Options(
        hinting=False, layout_features=[], name_IDs=["*"], recalc_timestamp=False, font_number=SIMPLIFIED
    )
    options.drop_tables += ["vmtx", "vhea", "VORG", "BASE", "GPOS", "GSUB", "GDEF"]
    font = subset.load_font(sys.argv[1] if len(sys.argv) > 1 else NOTO, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(letter) for letter in letters])
    subsetter.subset(font)
    subset.save_font(font, HERE / "causeway-letters.otf", options)
    print(len(font.getBestCmap()), "characters")


main()
