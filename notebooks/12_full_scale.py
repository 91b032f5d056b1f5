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
# # 12. Full scale: a rehearsal of the paper's experiment, and what the full run costs
#
# **You will be able to** rehearse an experiment before you pay for it, and say what it will take. You will stop it and go
# on, and spread it over computers without changing its result.
#
# **You need** chapter 3; chapter 5 helps. &nbsp; **Time** about 30 minutes of yours, 2 of the computer's. &nbsp; **Memory** 2 GB.
# &nbsp; **GPU** no; the full experiment needs one. &nbsp; **Sources** Struppek, Hintersdorf and Kersting (ICLR 2024); Plug & Play
# Attacks (ICML 2022); StyleGAN2 (Karras and others, CVPR 2020).

# %%
import tempfile
import time
from pathlib import Path

import pandas as pd

from mia_kit.exercises import chapter12 as exercises
from mia_kit.figures.full_scale import images_by_work
from mia_kit.figures.reproduce import check, show
from mia_kit.runs.parts import with_inputs
from mia_kit.runs.run import Maker, walk
from mia_kit.runs.store import Store
from mia_kit.studies.inversion.estimate import count_images, estimate
from mia_kit.studies.registry import read_recipe, recipes

# %% [markdown]
# ## One experiment, two recipes
#
# The paper attacks 530 people with 200 [candidates](GLOSSARY.md#candidate) each. The faces come from a StyleGAN2 of
# 1,024 pixels, the target is a ResNet-152. A typing mistake should not show up on the second day. So there is a
# **rehearsal**: the same code from the first line to the last, with other numbers. It attacks the forty people of ORL.
# Its StyleGAN2 has random weights and draws patterns, not faces.

# %%
for name in ("facescrub_rehearsal", "facescrub_ppa"):
    lines = recipes()[name].read_text().splitlines()
    print(name, *(line for line in lines if not line.startswith("#")), sep="\n  ")

# %% [markdown]
# **Predict first.** Which work takes most images through a network at full size? Training the target for a hundred
# epochs, the attack's 50 steps, or its selection with 100 views?

# %% tags=["nbval-ignore-output"]
rehearsal, full = read_recipe("facescrub_rehearsal"), read_recipe("facescrub_ppa")
work = images_by_work({"rehearsal": count_images(rehearsal.recipe), "full size": count_images(full.recipe)})
show("12.1", work)

# %%
check("12.1", work, tolerance=0.1)

# %% [markdown]
# The selection looks at twice as many images as the optimisation. But only the optimisation draws each of them anew
# with the generator, and it needs gradients through both networks. Not every image costs the same, so measure the time.
#
# ### Exercise 1 (5 minutes, easy): images to draw
#
# Complete `my_images`: how many images does the generator draw in the optimisation, for so many people, candidates of each,
# and steps?
#
# <details><summary>Hint</summary>Every candidate is drawn anew in every step.</details>


# %% tags=["exercise"]
def my_images(people, candidates, steps):
    return people * candidates  # change this line


exercises.check_images(my_images)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_images(people, candidates, steps):
    return people * candidates * steps


exercises.check_images(my_images)

# %% [markdown]
# ## Estimate, then run
#
# A [recipe](GLOSSARY.md#recipe) describes a measurement. `mia-kit estimate RECIPE` counts the images of each kind of work.
# It times a few batches on the computer at hand, and multiplies. It also says what it assumed.

# %% tags=["nbval-ignore-output"]
expected = estimate(rehearsal.recipe)
print(expected.text())

# %% [markdown]
# Now the rehearsal itself, and it is interrupted. The attack is cut into four **pieces** of ten people. Each piece is a
# part of its own in the store: a *part* is one stored result, the [*store*](GLOSSARY.md#part-and-store) the folder of
# parts. Its name is made from all its inputs: photographs, target, prior, settings, people.

# %% tags=["nbval-ignore-output"]
folder = tempfile.TemporaryDirectory()
store, cells = Store(Path(folder.name)), rehearsal.cells()
pieces = [part for part in with_inputs(cells) if part.kind == "Inversion" and part.piece is not None]
began = time.perf_counter()
walk(pieces[:1], store, progress=False)
print(f"{time.perf_counter() - began:.0f} s: here the power fails. In the store are:")
print(*sorted(entry.kind for entry in store.entries()), sep="\n")

# %% [markdown]
# Started again, the run finds what is there and goes on with the second piece. It ends with a table: a row for each person
# and measure.

# %% tags=["nbval-ignore-output"]
walk(cells, store, progress=False)
maker = Maker(store, progress=False)
table = pd.concat([maker(cell) for cell in cells])
folder.cleanup()
print(f"{time.perf_counter() - began:.0f} s in all, {3600 * expected.hours:.0f} s were expected")
by_person = table[(table.attack == "ppa") & table.unit.notna()]
print(by_person.groupby("measure").value.mean().round(3).to_string())

# %%
print(f"{by_person.unit.nunique()} people in {len(pieces)} pieces; the kill would have cost one of them at most")

# %% [markdown]
# Hold `acc1` and `extraction` against chance: one person in forty is 0.025. `acc1` is the share of reconstructions that
# the [evaluator](GLOSSARY.md#evaluator) classifies correctly. `extraction` is the knowledge extraction score: the share
# of real photographs that a student classifies correctly. The student is a network that saw nothing but
# reconstructions.
#
# The two disagree: in our run `acc1` is 0.188 and `extraction` 0.029. Nobody's face is in these patterns. A likely
# reason: some are light and dark where a person's photographs are, and networks that learnt the same people agree about
# that. The second judge is fooled as well: it names 0.250 of the people (`named`). Only the student is not, who must
# learn from the pictures. (`rank` and `identity_rank` are the person's places in the two judges' orders, 0 the first;
# `distance` is that to the person's photographs.) The rehearsal has shown that data, networks, attack, judges and table
# fit together. That is all it was for.
#
# ## The full run
#
# **No GPU was to be had for this course.** We have run none of this at full size or on a GPU. What follows is
# rehearsed: the tests run each of these recipes at a hundredth of its size. On a computer with a GPU,
# `data_scripts/` first fetches FaceScrub, StyleGAN2 and the judges' weights. One command then runs the paper's experiment:
#
# ```
# mia-kit run facescrub_ppa
# ```
#
# Stopped at any moment, the same command goes on. Around it:
#
# ```
# mia-kit estimate facescrub_ppa                          # hours, memory, disk: before anything is started
# mia-kit run facescrub_ppa --workers 4                   # four processes, a GPU each
# mia-kit run facescrub_ppa --scheduler tcp://HOST:8786   # the workers of a Dask cluster, or of SLURM through dask-jobqueue
# mia-kit run facescrub_ppa --tensorboard FOLDER          # with curves of the trainings, to look on
# ```
#
# If you have a GPU for a quarter of an hour, begin with these two commands. Both fetch nothing but the small face
# generator of chapter 3:
#
# ```
# mia-kit run gpu_drawn --workers 4                       # 500 drawn people, four factors, three losses
# python tests/studies/inversion/benchmark_attack.py      # the attack's step: images a second against a plain loop
# ```
#
# Users of the paper's code report about 14 hours for 500 classes with 50 candidates on one A100. The workers share nothing
# but the store. A part has the same name wherever it is made. So it does not matter who makes it, or how often a worker is
# killed on the way.
#
# ### Exercise 2 (8 minutes, medium): how long with eight GPUs?
#
# Complete `my_hours`: `people` are attacked in pieces of `size` people, a piece takes `hours`, and there are `workers`. When
# is the last one finished?
#
# <details><summary>Hint 1</summary>A piece is not shared between workers. Count the pieces, then the turns.</details>
# <details><summary>Hint 2</summary>Round up, twice: <code>-(-a // b)</code> does that with whole numbers.</details>


# %% tags=["exercise"]
def my_hours(people, size, hours, workers):
    return people / size / workers * hours  # change this line


exercises.check_hours(my_hours)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_hours(people, size, hours, workers):
    pieces = -(-people // size)
    return -(-pieces // workers) * hours


exercises.check_hours(my_hours)

# %% [markdown]
# ## Quiz
#
# 1. The rehearsal's `acc1` lies above chance. Has the attack brought people back?
# <details><summary>Answer</summary>No. Its prior has random weights and cannot draw a face, and the student learnt nothing
# from its patterns. An evaluator must name somebody, and light and dark are enough to agree with the target.</details>
#
# 2. Somebody downloads more of FaceScrub's photographs while a run pauses. Which parts are found again?
# <details><summary>Answer</summary>None: the photographs' files are part of every name. A run that mixed pieces from two
# data sets would be worth nothing.</details>
#
# 3. Why are eight workers not always eight times as fast as one?
# <details><summary>Answer</summary>Pieces are not shared: in the last turn some workers stand idle. And a part waits for
# what it is made from: nobody can be attacked before the target is trained.</details>
#
# ## Three sentences to remember
#
# 1. Rehearse the whole experiment at a size that costs nothing before you pay for it.
# 2. Time a few steps and multiply before you start, and say what the estimate assumes.
# 3. A part that is named by all its inputs can be lost and made again.
