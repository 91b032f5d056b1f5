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
# # 13. The scoreboard: what became of the claims
#
# **You will be able to** read a claim with its rule and its interval, say what "not reproduced" means and what it does not,
# and write the rule of a verdict before you see a number.
#
# **You need** any two chapters of this course. &nbsp; **Time** about 20 minutes of yours, a few seconds of the computer's.
# &nbsp; **Memory** 0.5 GB. &nbsp; **GPU** no.

# %%
from mia_kit.exercises import chapter13 as exercises
from mia_kit.experiments.claims import as_text, read_claims
from mia_kit.figures.claims import scoreboard
from mia_kit.figures.reproduce import check, show

# %% [markdown]
# ## Four papers, one board
#
# Every finding of the four papers behind this course is one row of a table, and stays there whatever becomes of it. The rule
# of its verdict was written down, and committed, before anything was measured for it.
#
# **Predict first.** Of the findings that we measured on a laptop, at a size between toy and paper: how many come out as
# published?

# %% tags=["nbval-ignore-output"]
claims = read_claims()
board = scoreboard(claims)
show("13.1", board)

# %%
check("13.1", board, tolerance=0.5)

# %% [markdown]
# Point at a mark to read the paper's figure, ours and the verdict. Three things that the board does **not** say:
#
# * *Not reproduced* is not *refuted*. Our targets are smaller and less accurate, our attacks shorter, our people fewer. A
#   difference that a GPU shows in 530 people may drown in the noise of a hundred.
# * *Reproduced* is not *proved*. S9 passes its rule with an effect so small that it means little: chapter 4 says so.
# * *Not run* is not *failed*. Some claims need hours that nobody has spent yet; the command stands in the chapter.
#
# ## The rows in words

# %% tags=["nbval-ignore-output"]
print(as_text([claim for claim in claims if claim.ours]))

# %% [markdown]
# ### Exercise 1 (6 minutes, easy): when does a difference count?
#
# Most rows compare two models: the same people, three seeds. Complete `my_counts`: the arguments are the ends of the 95 %
# interval of the mean difference, and the difference within each seed. It counts if the interval leaves out 0 **and** all
# seeds have the same sign.
#
# <details><summary>Hint</summary>An interval leaves out 0 if its ends have the same sign, so if their product is
# positive.</details>


# %% tags=["exercise"]
def my_counts(low, high, by_seed):
    return low * high > 0  # change this line


exercises.check_counts(my_counts)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_counts(low, high, by_seed):
    return low * high > 0 and (min(by_seed) > 0 or max(by_seed) < 0)


exercises.check_counts(my_counts)

# %% [markdown]
# Why both? The interval speaks about people: it says what other people would have shown with these very models. The seeds
# speak about models: two trainings of one recipe can differ more than two recipes do.
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
# That is why a rule that asks several questions shares its 5 % among them, and why a table of claims has to keep the rows
# that fail: a reader who sees only the successes cannot know how many tries they took.
#
# ## Quiz
#
# 1. An attack hits 57 % of people with hard labels and 56 % with negative smoothing; the interval of the difference is -6 to
#    +4 points. A student writes "negative smoothing does not protect". What is wrong?
# <details><summary>Answer</summary>The interval holds a loss of 6 points as well as a gain of 4. It says that nothing can be
# told from this experiment, which is another sentence than "there is no difference".</details>
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
# 2. An interval that holds 0 says "we cannot tell", not "there is nothing".
# 3. People and seeds are two kinds of chance, and a claim has to survive both.
