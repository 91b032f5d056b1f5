# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13. What we found
#
# **You will be able to** read a claim with its rule and its interval, and tell "absent" from "cannot tell". You will
# write the rule of a verdict before you see a number.
#
# **You need** any two chapters of this course. &nbsp; **Time** about 20 minutes of yours, a few seconds of the computer's.
# &nbsp; **Memory** 0.5 GB. &nbsp; **GPU** no.

# %%
from mia_kit.course import findings
from mia_kit.course.scoreboard import as_text, read_rows
from mia_kit.exercises import chapter13 as exercises
from mia_kit.figures.claims import scoreboard
from mia_kit.figures.reproduce import check, fold, show

# %% [markdown]
# ## One sentence a chapter
#
# Most chapters state a finding. Here they stand together, as the executed chapters give them.

# %% tags=["nbval-ignore-output"]
print(findings.as_text(findings.read_findings()))

# %% [markdown]
# ## Four papers, one board
#
# Every finding of the four papers behind this course is one row of a table. So are our own and those of later work. A
# row stays whatever becomes of it. What a claim asks was committed before anything was measured for it. It names the
# table, the contrast, and the smallest effect of interest, *d*. Where the paper's effect is known, *d* is usually half
# of it. Else it is 10 points of a share, 5 of accuracy, or 0.05 of an area. One rule gives every [verdict](GLOSSARY.md#verdict), and the first row that fits decides:
#
# | word | when |
# |---|---|
# | not testable here | a precondition fails: the defence was hardly applied, or the undefended attack finds nothing |
# | reproduced | the 95 % interval lies wholly on the claimed side, and the estimate is at least *d* |
# | absent | the 90 % interval lies within [−*d*, *d*]: whatever is there is too small to matter |
# | weaker | the 95 % interval lies wholly on the claimed side, the estimate is below *d* |
# | contradicted | the 95 % interval lies wholly on the other side |
# | cannot tell | all else; the least difference that could have been seen is printed |
#
# A claim of *no* difference is reproduced if the rule says "absent". A claim without enough seeds is *not measured
# yet*. A question is *answered* or *open*. A claim has a word for each [world](GLOSSARY.md#world) that it was measured
# in, and they are never joined into one.
#
# **Predict first.** How many findings of the laptop studies agree with the paper?

# %% tags=["nbval-ignore-output"]
rows = read_rows()
board = scoreboard(rows)
show("13.1", board)

# %%
check("13.1", board, tolerance=0.5)

# %% [markdown]
# Point at a mark to read the paper's figure and ours. A hollow mark is *open* or *not testable here*. Three things that
# the board does **not** say:
#
# * *Not reproduced* is not *refuted*. "Cannot tell" says that the experiment was too small, "absent" that the
#   difference is.
# * *Reproduced* is not *proved*. It says that our world, with our targets and our attackers, shows what the paper's
#   showed.
# * *Not testable here* is not *false*. The defence, or the attack, was too weak for the claim to be tested.
#
# ## The rows in words

# %% tags=["nbval-ignore-output"]
fold("All claims, with every part and its interval", as_text(rows))

# %% [markdown]
# ### Exercise 1 (8 minutes, medium): the word of a finding
#
# A finding says that one thing lies *above* another. Complete `my_word`: it is given the estimate of the difference, the ends
# of its 95 % and of its 90 % interval, and *d*. Mind the order of the questions.
#
# <details><summary>Hint</summary>After "reproduced", ask for "absent" first: a difference that is surely there and surely
# smaller than <em>d</em> is too small to matter, and "weaker" would praise it.</details>


# %% tags=["exercise"]
def my_word(estimate, low, high, low_90, high_90, d):
    if low > 0 and estimate >= d:
        return "reproduced"
    if low > 0:  # change from this line on
        return "weaker"
    return "cannot tell"


exercises.check_word(my_word)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_word(estimate, low, high, low_90, high_90, d):
    if low > 0 and estimate >= d:
        return "reproduced"
    if -d <= low_90 and high_90 <= d:
        return "absent"
    if low > 0:
        return "weaker"
    if high < 0:
        return "contradicted"
    return "cannot tell"


exercises.check_word(my_word)

# %% [markdown]
# Why 90 % for "absent"? Two tests are made, one against −*d* and one against *d*, each at 5 %. Both pass exactly when
# the 90 % interval lies within [−*d*, *d*].
#
# And where does an interval come from? Two kinds of chance are in it. Other *people* would give another result. So
# would another training run, that is, another [*seed*](GLOSSARY.md#seed). The interval resamples both.
#
# ### Exercise 2 (5 minutes, medium): one of many
#
# Someone measures many things of which none is true, each at a level of 5 %, and reports what "came out". Complete
# `my_chance`: how likely is it that at least one of `tests` independent tests passes at `level` by chance?
#
# <details><summary>Hint</summary>What is the chance that a single one does <em>not</em> pass? And that none does?</details>


# %% tags=["exercise"]
def my_chance(tests, level):
    return tests * level  # change this line


exercises.check_by_chance(my_chance)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_chance(tests, level):
    return 1 - (1 - level) ** tests


exercises.check_by_chance(my_chance)

# %%
for level in (0.05, 0.05 / 20):
    print(f"20 tests at {level:.2%} each: something comes out with a chance of {1 - (1 - level) ** 20:.1%}")

# %% [markdown]
# That is why every part of a claim keeps its own word, and why a table of claims has to keep the rows that fail: a reader who
# sees only the successes cannot know how many tries they took.
#
# ## Quiz
#
# 1. An attack hits 57 % of people with hard labels and 56 % with negative smoothing; the 90 % interval of the difference is -6 to
#    +4 points, and <em>d</em> is 5 points. A student writes "negative smoothing does not protect". What is wrong?
# <details><summary>Answer</summary>The interval holds a loss of 6 points, more than <em>d</em>, as well as a gain of 4. It says
# "cannot tell", which is another sentence than "absent".</details>
#
# 2. You change the evaluator after you have seen that a claim fails, and now it holds. May you report that?
# <details><summary>Answer</summary>Only together with the first result and with the change. Otherwise the evaluator was chosen
# by the claim that it was to judge.</details>
#
# 3. Why does a person whom the attack never reached stay in the denominator?
# <details><summary>Answer</summary>Because the question was how many people of all are exposed. Whoever leaves out the
# failures rewards an attack for giving up.</details>
#
# ## Three sentences to remember
#
# 1. Write the rule first, then measure, then keep the row.
# 2. A wide interval that holds 0 says "we cannot tell"; only a 90 % interval within [−*d*, *d*] says "nothing that
#    matters".
# 3. People and seeds are two kinds of chance, and a claim has to survive both.
