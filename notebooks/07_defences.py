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
# # 7. Defences and their price
#
# **You will be able to** say what four kinds of defence change in training, draw the frontier of use and leakage, and tell
# a defence from a model that has learnt nothing.
#
# **You need** chapter 3; chapters 5 and 6 help. &nbsp; **Time** about 40 minutes of yours, 4 of the computer's. &nbsp; **Memory** 1 GB (1.5 GB with CUDA builds of PyTorch).
# &nbsp; **GPU** no. &nbsp; **Sources** MID (Wang and others, AAAI 2021); BiDO (Peng and others, KDD 2022); DP-SGD (Abadi and
# others, CCS 2016); negative smoothing (Struppek and others, ICLR 2024).
#
# Like chapter 3 this one needs a generator of faces: if it is missing, run `python data_scripts/fetch_dcgan.py`.

# %%
from dataclasses import asdict

import numpy as np

from mia_kit.defences.dp_sgd import PrivateSettings, spent
from mia_kit.exercises import chapter07 as exercises
from mia_kit.experiments import face_quick, frontier_quick
from mia_kit.figures.frontier import Mark, defended_wall, frontier, marks_of
from mia_kit.figures.mechanisms import mechanisms
from mia_kit.figures.reproduce import check, show
from mia_kit.metrics import share_interval
from mia_kit.runs.first_house import read_evidence, verdicts_in_words
from mia_kit.widgets.frontier_explorer import FrontierExplorer

# %% [markdown]
# ## What can be changed in training
#
# | defence | what it changes | the dial |
# |---|---|---|
# | **negative smoothing** | the labels: the target's class gets more than all of the weight (chapter 5) | minus the factor |
# | **MID** | a noisy bottleneck before the last layer; what passes has a price | the price, β |
# | **BiDO** | the loss: hidden layers should depend on the label and little on the picture | a factor on both of its weights |
# | **DP-SGD** | the gradients: each picture's is cut to a length, and noise is added to their sum | the noise |
# | **dropout**, weight decay and other regularisers | plain training; nobody meant them as defences (in the course experiment below) | their own |
#
# Three of them in one picture. Left, DP-SGD: no picture may pull harder than the circle allows, and the noise hides whether it
# pulled at all. Middle, BiDO: normalised HSIC counts, roughly, the directions that a layer shares with something else; here a
# layer goes from the picture alone to the label alone. Right, MID: what one number of the bottleneck costs; it is cheap if it
# lies near 0 and is noisy, and then it says little.

# %% tags=["nbval-ignore-output"]
drawn = mechanisms(**asdict(frontier_quick.mechanisms()))
show("7.1", drawn)

# %%
check("7.1", drawn, tolerance=0.02)

# %% [markdown]
# Look at the middle panel once more: the blue curve stays up although the layer is mostly label. A trace of the picture is enough
# to share a direction. That is why BiDO's penalty has to be strong before it bites, and why it needs the second term,
# which rewards the label.
#
# ### Exercise 1 (8 minutes, medium): clip
#
# Complete `my_clip`: `gradients` has the shape (pictures, weights). Shorten each row that is longer than `norm` to that
# length, and leave the others as they are.
#
# <details><summary>Hint 1</summary>A row's factor is <code>norm / length</code>, but never more than 1.</details>
# <details><summary>Hint 2</summary><code>gradients.norm(dim=1, keepdim=True)</code> and <code>.clamp(max=1)</code>.</details>


# %% tags=["exercise"]
def my_clip(gradients, norm):
    return gradients.clamp(-norm, norm)  # change this line


exercises.check_clip(my_clip)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_clip(gradients, norm):
    return gradients * (norm / gradients.norm(dim=1, keepdim=True)).clamp(max=1)


exercises.check_clip(my_clip)

# %% [markdown]
# ## The frontier
#
# A defence that protects is easy: train nothing. So leakage never stands alone. Every target below is one point, to the
# right the more useful it is, upwards the more it leaks. Each is attacked twice, with the Poincaré loss and with the margin, and
# the point shows **the attack that brought back more**: who measures a defence chooses the attacker's best weapon.
#
# **Predict first.** Where do you expect DP-SGD with much noise? Which defence is nearest to the lower right corner?

# %% tags=["nbval-ignore-output", "seconds-220"]
brief = face_quick.BRIEF_EPOCHS
scene = face_quick.set_up(epochs=brief)
people = range(6)
names = scene.people.class_names[:6]
trained = frontier_quick.map_frontier(scene, people, epochs=brief)
marks = []
for one in trained:
    hits = share_interval(int((one.ranks == 1).sum()), len(one.ranks))
    words = f"{one.loss} loss" + (f"<br>{one.privacy}" if one.privacy else "")
    marks.append(Mark(one.defence, one.strength, one.accuracy, hits.value, hits.low, hits.high, words))
drawn = frontier(marks, title="Use and leakage: forty people, six attacked, one seed")

# %% tags=["nbval-ignore-output"]
FrontierExplorer(drawn, trained, names=names, threshold=scene.judges.threshold)

# %% [markdown]
# Choose a defence, drag its strength, or hover over a point: the faces are those that the attacker gets from that model.

# %% tags=["nbval-ignore-output"]
show("7.2", drawn)

# %%
check("7.2", drawn, tolerance=0.5)

# %% tags=["nbval-ignore-output"]
wall = defended_wall(
    np.stack([one.pictures[:4] for one in trained]),
    np.stack([one.ranks[:4] for one in trained]),
    marks,
    names=names[:4],
)
show("7.3", wall)

# %%
check("7.3", wall, tolerance=1)

# %% [markdown]
# Read it slowly. Six people and one seed: the bars are so long that no order between neighbours means anything. What forty
# people can show is what kinds of point there are.
#
# * **Far to the right** stands what has kept its use. If it is as high as no defence, the defence did nothing that this attack
#   notices.
# * **Low and to the left** stands what protects by not knowing. Ask of each such point whether it hid the people or never met
#   them: in figure 7.3 the faces in its row are then nobody's in particular.
# * **Hover**, and read which loss brought back more. It is not the same for every model: whoever had tried one of the two
#   alone would have drawn another figure.
#
# ## What DP-SGD promises
#
# The other defences are tried; this one is proved. **ε** bounds how much any single photograph can change the odds of any
# trained model, by a factor of at most e to the ε; **δ** is the chance that the bound fails. Below 1, ε is strong; above 10
# the bound says next to nothing. Both hold for one photograph, not for all photographs of a person.

# %% tags=["nbval-ignore-output"]
private = next(one for one in trained if one.privacy)
print(f"right on {private.accuracy:.1%}: {private.privacy}")
own = private.privacy
for noise in (0.3, 0.6, 1.0, 3.0, 10.0):
    promised = spent(PrivateSettings(noise), delta=own.delta, sample_rate=own.sample_rate, steps=own.steps)
    print(f"noise {noise:4.1f}: epsilon {promised.epsilon:.3g}")

# %% [markdown]
# More noise, smaller ε, less use: a proof is paid for with accuracy, and with five photographs of each person dearly. An ε in
# the tens or hundreds is a formality; whether such a model leaks less all the same can only be measured.
#
# ### Exercise 2 (8 minutes, medium): the price of a code
#
# Complete `my_divergence`: the Kullback–Leibler divergence of N(mean, deviation²) from N(0, 1), in nats, summed over the numbers
# of a picture's code. Both arguments have the shape (pictures, numbers). For one number it is
# ½ (mean² + deviation² − 1 − 2 ln deviation).
#
# <details><summary>Hint</summary>Write the bracket for all numbers at once, then <code>.sum(dim=1)</code>.</details>


# %% tags=["exercise"]
def my_divergence(mean, deviation):
    return 0.5 * (mean**2 + deviation**2 - 1).sum(dim=1)  # change this line


exercises.check_divergence(my_divergence)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_divergence(mean, deviation):
    return 0.5 * (mean**2 + deviation**2 - 1 - 2 * deviation.log()).sum(dim=1)


exercises.check_divergence(my_divergence)

# %% [markdown]
# ## A hundred people, four defences
#
# An earlier measurement asked the same of 105 people (`mia-kit run frontier_drawn` asks it of drawn ones): four defences at four strengths, three seeds, both losses, with
# intervals. Claim S14 says that negative smoothing beats MID, BiDO and DP-SGD. The rule for the verdict was written down before
# anything was measured: a competitor is beaten if each of its useful points (at most ten points of accuracy lost) is
# dominated by a useful point of negative smoothing.

# %% tags=["nbval-ignore-output"]
hundred = read_evidence("defence_frontier")["results"]
course = frontier(marks_of(hundred["points"]), title="Use and leakage: 105 people, three seeds")
show("7.4", course)

# %%
check("7.4", course, tolerance=0.02)

# %% [markdown]
# **Negative smoothing** lies on top of no defence: it costs half a point of accuracy at most, and its 42 to 44 % recognised people
# are no fewer than the 45 % without a defence by any difference that counts. **BiDO** costs one to four points and spares nobody.
# **MID** alone moves: at its mildest it gives up 4.5 points and leaves 32 %, thirteen points fewer, which counts; its harsher
# strengths pay much and spare little more. Hover over its points: at the first three the *margin* brought back more than
# Poincaré (32 against 27 % at the mildest). Who had attacked with Poincaré alone would have believed in a better defence.
#
# **DP-SGD** stands in the corner of those who know nothing: right on 4 % of the photographs at the least noise, with an ε of 8,700
# that promises nothing, and at guessing, 1 %, at an ε of 3. Fifteen photographs of each person and twelve epochs are too little
# for it. That it leaks nothing is no merit of its own.

# %% tags=["nbval-ignore-output"]
verified = frontier(
    marks_of(hundred["points"], measure="verified"),
    title="The same by another judge: verified as the person",
    measure="share verified",
)
show("7.5", verified)

# %%
check("7.5", verified, tolerance=0.02)

# %% [markdown]
# The second judge sees less of everything, and less of a difference. It verifies 16 % of the pictures from undefended targets, 16
# to 19 % under negative smoothing, 12 to 14 % under MID: no difference of these counts, MID's included. BiDO's harshest strength
# is the one exception (12 %). A defence that one judge praises and another hardly notices may have changed what the
# evaluator looks at more than how much of the person comes back.

# %% tags=["nbval-ignore-output"]
print(verdicts_in_words("defence_frontier"))

# %% [markdown]
# ## And without any defence in mind?
#
# Weight decay, dropout, augmentation, early stopping and mixup are in every training script, and nobody calls them
# defences. Claim S18 asks whether they change leakage: the same people and settings, two
# strengths of each.

# %% tags=["nbval-ignore-output"]
everyday = read_evidence("regulariser_frontier")["results"]
plain = frontier(marks_of(everyday["points"]), title="Plain regularisers: 105 people, three seeds")
show("7.6", plain)

# %%
check("7.6", plain, tolerance=0.02)

# %% [markdown]
# Only what makes a bad model protects: dropout of 80 % (26 % recognised, right on 35 % instead of 63 %) and stopping after a
# fifth of the epochs (19 %, right on 29 %). Everything mild leaks as much as no defence. Now hold MID's harshest strength of
# figure 7.4 against them: right on 34 %, and 29 % recognised. A target that was merely stopped early is as bad and leaks
# *less*. That is the comparison that a defence owes its readers.

# %% tags=["nbval-ignore-output"]
print(verdicts_in_words("regulariser_frontier"))

# %% [markdown]
# ## Quiz
#
# 1. A defence halves the leakage and costs 15 points of accuracy. What do you compare it with?
# <details><summary>Answer</summary>With an undefended model that is as bad: trained on less, or for fewer epochs. If that leaks
# no more, the defence is a dear way of training badly.</details>
#
# 2. DP-SGD with noise 0 still clips. What does it guarantee?
# <details><summary>Answer</summary>Nothing: ε is infinite. Clipping bounds what a picture can do; only the noise hides that it
# did it.</details>
#
# 3. Why must MID's bottleneck be noisy when the model answers, too?
# <details><summary>Answer</summary>Without noise the code is a plain function of the picture, and the limit on what it says
# about the picture holds for a model that nobody serves.</details>
#
# ## Three sentences to remember
#
# 1. A defence is a curve of use against leakage, never one number.
# 2. Attack it with the loss that suits the attacker, and count the worse.
# 3. DP-SGD is the only one here with a proof, and the proof has a price.
