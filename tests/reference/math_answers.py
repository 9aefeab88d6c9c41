# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/metrics/math_answers.json: what the graders of GSM8K and MATH say of pairs of solutions.

    python3 tests/reference/math_answers.py MATH

MATH is a clone of https://github.com/hendrycks/math (MIT), here at 985bdc16 or later: its
modeling/math_equivalence.py and modeling/dataset/util.py are run. GSM8K's rule is written out below; "last_number" is the
filter flexible-extract of lm-evaluation-harness (tasks/gsm8k/gsm8k.yaml) with what its exact_match ignores.
"""

import json
import os
import re
import sys

sys.path[:0] = [os.path.join(sys.argv[1], "modeling"), os.path.join(sys.argv[1], "modeling", "dataset")]
from math_equivalence import is_equiv
from util import last_boxed_only_string

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../data/metrics/math_answers.json")

FORMULAS = r"""
\frac12|\frac{1}{2}
\tfrac{3}{4}|3/4
\dfrac{3}{4}|\frac34
0.5|\frac{1}{2}
.5|0.5
1/2|0.5
\sqrt3|\sqrt{3}
2\sqrt3+1|2\sqrt{3} + 1
x=5|5
abc=5|5
10\%|10
10\\%|10
90^\circ|90
90^{\circ}|90
\$18|18
18\text{ dollars}|18
18\text{dollars}|18
\left(1, 2\right)|(1,2)
1,\!000|1000
1,000|1000
-3/4|-\frac{3}{4}
-3/4|\frac{-3}{4}
03/4|\frac{03}{4}
\frac{a}b|\frac{a}{b}
\frac a b|\frac{a}{b}
\frac1{72}|\frac{1}{72}
\frac|\frac
\frac|\frac{1}{2}
\frac1|\frac1
\sqrt|\sqrt
\sqrt|\sqrt{2}
3 \text{ m} + 2 \text{ m}|3
a\\b|a\b
{.5}|{0.5}
 .5|0.5
y = 2x|2x
\frac{1}{2}|\frac{2}{4}
18.0|18
|0
The answer is \boxed{\frac12}.|so \boxed{1} no, \boxed{\frac{1}{2}}
\boxed{3|3
\fbox{7}|\boxed{7}
\boxed{\text{yes}}|\boxed{\text{no}}
\boxed{\{1, 2\}}|\boxed{\{1,2\}}
""".strip("\n").split("\n")

NUMBERS = """
She has 12 - 4 = 8 left.\\n#### 8|8 cookies\\n#### 8
#### 1,234|#### 1234
#### -5|#### -5
####8|#### 8
#### 18.00|#### 18
#### 7 and #### 9|#### 7
no number|#### 3
The total is $1,234.50.|1234.50
It costs $18.|#### 18
He has 5, 6 or 7|7
so -3|#### -3
so - 3|#### -3
10% of 50 is 5.|5
12. 13|13
about 4...|4
1/2|2
.5|.5
5-3|-3
#### 10 of 20|#### 10
""".strip("\n").replace("\\n", "\n\x00").split("\n")


def pairs(lines):
    whole = "\n".join(lines).replace("\n\x00", "\x00").split("\n")
    return [line.replace("\x00", "\n").split("|", 1) for line in whole]


def formula(text):
    boxed = last_boxed_only_string(text)
    return text if boxed is None else boxed[boxed.index("{") + 1:-1]


def gsm8k(text):
    match = re.search(r"#### (\-?[0-9\.\,]+)", text)
    return match and match.group(1).strip().replace(",", "")


def last_number(text):
    found = re.findall(r"(-?[$0-9.,]{2,})|(-?[0-9]+)", text)
    if not found:
        return None
    number = next(group for group in found[-1] if group)
    return re.sub(r"\.$", "", number.replace(",", "").replace("$", ""))


cases = []
for predicted, reference in pairs(FORMULAS):
    cases.append({"grader": "math", "predicted": predicted, "reference": reference,
                  "right": is_equiv(formula(predicted), formula(reference))})
for predicted, reference in pairs(NUMBERS):
    for grader, answer in (("gsm8k", gsm8k), ("last_number", last_number)):
        wanted = gsm8k(reference) or (last_number(reference) if grader == "last_number" else None)
        cases.append({"grader": grader, "predicted": predicted, "reference": reference,
                      "right": answer(predicted) is not None and answer(predicted) == wanted})
with open(OUT, "w", encoding="utf-8") as file:
    file.write('{"cases": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]}\n")
