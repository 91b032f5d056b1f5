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
# # 12. Full scale: a rehearsal of the paper's experiment, and what the performance costs
#
# **You will be able to** rehearse an experiment before you pay for it, say beforehand what it will take, stop it and go on,
# and spread it over several computers without changing its result.
#
# **You need** chapter 3; chapter 5 helps. &nbsp; **Time** about 30 minutes of yours, 2 of the computer's. &nbsp; **Memory** 2 GB.
# &nbsp; **GPU** no; the full experiment needs one. &nbsp; **Sources** Struppek, Hintersdorf and Kersting (ICLR 2024); Plug & Play
# Attacks (ICML 2022); StyleGAN2 (Karras and others, CVPR 2020).

# %%
import tempfile
import time
from pathlib import Path

from mia_kit.exercises import chapter12 as exercises
from mia_kit.experiments import facescrub_ppa
from mia_kit.experiments.estimate import estimate
from mia_kit.experiments.full_parts import FullParts
from mia_kit.experiments.runner import read_recipe
from mia_kit.figures.full_scale import images_by_work
from mia_kit.figures.reproduce import check, show
from mia_kit.runs.first_house import read_evidence
from mia_kit.runs.store import Store

# %% [markdown]
# ## One experiment, two recipes
#
# The paper attacks 530 people with 200 candidates each; the faces come from a StyleGAN2 of 1,024 pixels, the target is a
# ResNet-152. Nobody runs that to find a typing mistake on the second day. So there is a **rehearsal**: the same code from
# the first line to the last, with another recipe. Its forty people of ORL lie in FaceScrub's folders, and its StyleGAN2 has
# random weights: it draws patterns, not faces.

# %%
rehearsal, full = read_recipe("facescrub_rehearsal"), read_recipe("facescrub_ppa")
for entry in ("people", "target", "attack", "chunk"):
    print(f"{entry}\n  rehearsal  {rehearsal[entry]}\n  full size  {full[entry]}")

# %% [markdown]
# **Predict first.** Which work takes most images through a network at full size: training the target for a hundred epochs,
# the attack's optimisation with 50 steps, or its selection with 100 views?

# %% tags=["nbval-ignore-output"]
counts = {}
for name, recipe in {"rehearsal": rehearsal, "full size": full}.items():
    counts[name] = {step.what: step.count * step.images for step in facescrub_ppa.bill(recipe).steps}
work = images_by_work(counts)
show("12.1", work)

# %%
check("12.1", work, tolerance=0.1)

# %% [markdown]
# The selection looks at twice as many images as the optimisation, but only the optimisation draws each of them anew with the
# generator, and needs gradients through both networks. An image is not an image: what it costs must be measured.
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
# `mia-kit estimate RECIPE` times a few steps of each kind on the computer at hand and multiplies. It also says what it
# assumed and what it could not find out.

# %% tags=["nbval-ignore-output"]
expected = estimate("facescrub_rehearsal")
print(expected.text())

# %% [markdown]
# Now the rehearsal itself, and it is interrupted. The people are attacked in **chunks** of ten. Each chunk is a part of its
# own in the store, under the name of all that shapes it: photographs, target, prior, settings, people.

# %% tags=["nbval-ignore-output"]
folder = tempfile.TemporaryDirectory()
store = Store(Path(folder.name))
parts = FullParts(rehearsal, store, progress=False)
began = time.perf_counter()
first, *others = parts.chunks()
parts.judged(first, seed=0, smoothing=0.0)
print(f"{time.perf_counter() - began:.0f} s: here the power fails. In the store are:")
print(*sorted(entry.kind for entry in store.entries()), sep="\n")

# %% [markdown]
# Started again, the run finds what is there and goes on with the second chunk. It ends with the table of the paper.

# %% tags=["nbval-ignore-output"]
results = facescrub_ppa.run(rehearsal, progress=False, store=Store(Path(folder.name)))
taken = time.perf_counter() - began
print(f"{taken:.0f} s in all, {3600 * expected.hours:.0f} s were expected")
print(facescrub_ppa.table(results))
folder.cleanup()

# %%
attacks = len(list(parts.chunks()))
print(f"{results['people']} people in {attacks} chunks; the kill would have cost one of them at most")

# %% [markdown]
# Hold Acc@1 and Acc@5 against chance: one person in forty is 0.025, five are 0.125. A prior that has never seen a face cannot
# bring anybody back, and a rehearsal that finds people would be the alarming one. The second judge lets one *stranger* in a
# hundred pass; patterns are no strangers, and how many of them pass is another matter: judges, too, know faces only. The
# rehearsal has shown that data, networks, attack, judges and table fit together, and that is all it was for.
#
# ## The performance
#
# On a computer with a GPU, with `data_scripts/` having fetched FaceScrub, StyleGAN2 and the evaluator's weights:
#
# ```
# python tests/experiments/benchmark_full.py              # the attack's step: images a second against a plain float32 loop
# mia-kit estimate facescrub_ppa                          # hours, memory, disk: before anything is started
# mia-kit run facescrub_ppa                               # stopped at any moment, the same command goes on
# mia-kit run facescrub_ppa --tensorboard FOLDER          # with curves of trainings and attacks, to look on
# mia-kit run facescrub_ppa --workers 4                   # four processes, a GPU each
# mia-kit run facescrub_ppa --scheduler tcp://HOST:8786   # the workers of a Dask cluster, or of SLURM through dask-jobqueue
# ```
#
# Users of the paper's code report about 14 hours for 500 classes with 50 candidates on one A100. The workers share nothing
# but the store; a part has the same name wherever it is made, so that it does not matter who makes it, or how often a worker
# is killed on the way.
#
# ### Exercise 2 (8 minutes, medium): how long with eight GPUs?
#
# Complete `my_hours`: `people` are attacked in chunks of `chunk`, a chunk takes `hours`, and there are `workers`. When is
# the last one finished?
#
# <details><summary>Hint 1</summary>A chunk is not shared between workers. Count the chunks, then the turns.</details>
# <details><summary>Hint 2</summary><code>math.ceil</code>, twice.</details>


# %% tags=["exercise"]
def my_hours(people, chunk, hours, workers):
    return people / chunk / workers * hours  # change this line


exercises.check_hours(my_hours)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_hours(people, chunk, hours, workers):
    chunks = -(-people // chunk)
    return -(-chunks // workers) * hours


exercises.check_hours(my_hours)

# %% [markdown]
# ## What a GPU has measured
#
# `mia-kit run gpu_evidence` measures claims S5 and S15 on 105 people with 200 candidates each, three factors, three seeds. Its
# networks begin from public people, so that it fetches nothing; the rules of its verdicts were written before any run.

# %% tags=["nbval-ignore-output"]
try:
    evidence = read_evidence("gpu_evidence")
    print(f"measured on {evidence['date']} with {evidence['device']} in {evidence['seconds'] / 3600:.1f} hours")
    print(facescrub_ppa.table(evidence["results"]))
except FileNotFoundError:
    print(
        "No GPU could be had for this course so far: nothing was measured at this size. mia-kit run gpu_evidence does."
    )

# %% [markdown]
# ## Quiz
#
# 1. The rehearsal's Acc@1 is that of chance. Has it failed?
# <details><summary>Answer</summary>No. Its prior has random weights and cannot draw a face. It tests the machinery; a number
# well above chance would point to a leak in the evaluation.</details>
#
# 2. Somebody downloads more of FaceScrub's photographs while a run pauses. Which parts are found again?
# <details><summary>Answer</summary>None: the photographs' content is part of every name. A run that mixed chunks from two
# data sets would be worth nothing.</details>
#
# 3. Why are eight workers not always eight times as fast as one?
# <details><summary>Answer</summary>Chunks are not shared: in the last turn some workers stand idle. And a stage waits for
# the stage before it: nobody can be attacked before the target is trained.</details>
#
# ## Three sentences to remember
#
# 1. Rehearse the whole experiment at a size that costs nothing before you pay for it.
# 2. Time a few steps and multiply before you start, and say what the estimate leaves out.
# 3. A part that is named by all that shapes it can be made anywhere, at any time, and lost without harm.
