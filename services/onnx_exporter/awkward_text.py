"""Fixed texts on which tokenizers have been known to disagree."""

AWKWARD_TEXTS = (
    "caf\u00e9 cafe\u0301 na\u00efve \u0130stanbul \u1e9eTRASSE",
    "\u4fe1\u7528\u5361 \u88ab\u76d7\u5237\u4e86",
    "\u30af\u30ec\u30b8\u30c3\u30c8 \uc2e0\uc6a9\uce74\ub4dc",
    "\u0627\u0644\u0628\u0646\u0643 \u05d4\u05d1\u05e0\u05e7 \u200f\u0631\u0641\u0636",
    "charged \U0001f621\U0001f4b3 twice \U0001f468\u200d\U0001f469\u200d\U0001f467 family",
    "zero\u200bwidth soft\u00adhyphen non\u2011breaking\u00a0space\ufeff",
    "\u201cquoted\u201d \u2018text\u2019 \u2014 dashes \u2026",
    "{$1,234.56} 50\u00bd \u2460 \u2167 \ufb01ne",
    "XXXX XX/XX/2020 xx-xx-xxxx #### a.b@c.example https://bank.example/a?b=c#d",
    "[CLS] [SEP] [MASK] [PAD] [UNK] ##ing",
    "tab\tline\nreturn\r\nnull\x00bell\x07delete\x7fnext\x85line",
    "supercalifragilistic" * 8,
    "a" * 150,
    "!!!???...,,,;;;:::---___***",
    "\U0001d400\U0001d41b\U0001d41c \u216b \u00b2 \u2122 \ua9c5 \ufffd",
    "e\u0301\u0302\u0303\u0304\u0305 z\u0351\u036b\u0343a\u034c",
)
