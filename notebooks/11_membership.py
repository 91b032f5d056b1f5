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
# # 11. Membership: was this picture in the training data?
#
# **You will be able to** attack a classifier's training set in four ways, say what each of twelve regularisers does about
# it, and explain why "two attacks fail" is not "nobody can tell".
#
# **You need** chapter 1; chapter 5 helps. &nbsp; **Time** about 40 minutes of yours, 2 of the computer's. &nbsp; **Memory** 0.8 GB (1.3 GB with CUDA builds of PyTorch).
# &nbsp; **GPU** no. &nbsp; **Sources** Kaya, Hong and Dumitras, *On the Effectiveness of Regularization Against Membership
# Inference Attacks* (2020); Kaya and Dumitras (ICML 2021); Carlini and others (S&P 2022).

# %%
import numpy as np

from mia_kit.exercises import chapter11 as exercises
from mia_kit.figures.membership import as_text, distance_curves, heat_map, not_run, roc_curves, smoothing_sweep
from mia_kit.figures.reproduce import check, show
from mia_kit.runs.first_house import read_evidence
from mia_kit.studies.membership import quick
from mia_kit.widgets.membership_readings import PairChooser, SmoothingReadings

# %% [markdown]
# ## Another kind of leak
#
# Inversion asks *what did these people look like?* Membership inference asks less: *was this very picture used?* That can be
# bad enough, if the training set is the patients of one clinic.
#
# The signal is old: a model is surer of what it has seen. Two attacks read it from the **loss** of each picture:
#
# | attack | the attacker knows | says "member" |
# |---|---|---|
# | **average** | 100 members | below their mean loss |
# | **powerful** | 100 members and 100 others | below the best of 1,001 thresholds |
#
# Their **advantage** is 2 (accuracy − 50 %): 0 is guessing, 1 is knowing. The authors' public figures for Fashion-MNIST say
# that a little positive smoothing (+0.05) lowers the average attack, 8.86 to 7.82 %, and *doubles* the powerful one, 8.73 to
# 17.14 %.
#
# **Predict first.** Small models, 200 digits each, from a negative factor to a large positive one. Which way does each of the
# two attacks go?

# %% tags=["nbval-ignore-output", "seconds-60"]
factors = quick.by_factor()

# %% tags=["nbval-ignore-output"]
SmoothingReadings(quick.readings_by_factor(factors.table))

# %% tags=["nbval-ignore-output"]
sweep = smoothing_sweep(factors.table)
show("11.1", sweep)

# %%
check("11.1", sweep, tolerance=0.2)

# %% [markdown]
# In our run the powerful attack rises from left to right, from 0.36 at −0.05 over 0.38 with hard labels to 0.58 at +0.5, at
# the same accuracy of 89 to 90 %. The average attack rises too, from 0.31 to 0.43: here it is not even deceived, as it was in
# the public figures.
#
# Why should smoothing help an attacker? It asks the model to be sure of every training picture to exactly the same degree. The
# model manages that for members, whose losses now lie in a narrow band, and not for others, whose losses scatter to both sides.
# A threshold in the right place parts them.
#
# The distance on the right, which you will meet below, goes its own way: it is worst for the attacker at +0.5, where both
# attacks are at their best. No measure speaks for another. What did *not* happen is the paper's warning, that both attacks say
# "safe" and the distance does not: these models remember 200 digits to the last one, and both attacks notice.
#
# ## Write the powerful attack
#
# ### Exercise 1 (10 minutes, medium): 1,001 thresholds
#
# Complete `my_threshold`: it is given the losses of known members and of known others. Try the thresholds
# mean + c · deviation of the known *members'* losses, with c in 1,001 equal steps from −5 to 5, and return the one with the
# greatest gain: the share of members below it less the share of others below it.
#
# <details><summary>Hint 1</summary><code>thresholds[:, None] > known_members</code> has the shape (1001, members).</details>
# <details><summary>Hint 2</summary><code>.mean(axis=1)</code> makes shares of it, <code>.argmax()</code> finds the best.</details>


# %% tags=["exercise"]
def my_threshold(known_members, known_others):
    return known_members.mean()  # change this line


exercises.check_threshold(my_threshold)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_threshold(known_members, known_others):
    thresholds = (known_members.mean() + np.linspace(-5, 5, 1001) * known_members.std())[:, None]
    gains = (known_members < thresholds).mean(axis=1) - (known_others < thresholds).mean(axis=1)
    return thresholds[gains.argmax(), 0]


exercises.check_threshold(my_threshold)

# %% [markdown]
# ## Who is found for certain?
#
# An advantage is an average over all pictures. An attacker who is *sure of a few* does more harm than one who is a little
# right about everybody, and no average shows it. So look at the share of members found at few false alarms, on axes that are
# both logarithmic.
#
# The **likelihood ratio** (LiRA) asks of each picture by itself: how sure are models that have seen it, how sure are models
# that have not? The attacker trains such shadow models, here 16 at once, on halves of the same pool, and puts a Gaussian
# through each of the two groups.

# %% tags=["nbval-ignore-output"]
ratio = quick.likelihood_ratio(progress=False)
curves = {name: quick.curve_of(*scores) for name, scores in ratio.scores.items()}
false_alarms = curves["loss"][1]
by_ratio = roc_curves({name: curve for name, (curve, _) in curves.items()}, false_alarms)
show("11.2", by_ratio)

# %%
check("11.2", by_ratio, tolerance=0.5)

# %% [markdown]
# In our run the likelihood ratio finds 69 % of the members without a single false alarm among 200 strangers. The loss finds
# nobody before 3.5 % of the strangers are called members. Some digits are hard for every model, and their loss is great even
# for a member; a threshold for all pictures cannot know that, a ratio for each picture does.
#
# ### Exercise 2 (8 minutes, medium): read the ratio
#
# Complete `my_ratio`: it is given the target's confidence in a picture (on the logit scale), that of shadow models that have
# seen the picture and that of shadow models that have not. Return the logarithm of the likelihood ratio of the two
# Gaussians, *seen* over *not seen*. Then ask yourself: what does −2 say?
#
# <details><summary>Hint 1</summary>The logarithm of a Gaussian's density is
# <code>-np.log(deviation) - ((value - mean) / deviation) ** 2 / 2</code> and a constant, which falls out.</details>
# <details><summary>Hint 2</summary>A few drawn models have the deviation <code>models.std(ddof=1)</code>.</details>
# <details><summary>What does −2 say?</summary>The confidence is e² = 7.4 times as likely if the model has never seen the
# picture.</details>


# %% tags=["exercise"]
def my_ratio(value, seen, not_seen):
    return value - not_seen.mean()  # change this line


exercises.check_ratio(my_ratio)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_ratio(value, seen, not_seen):
    def log_density(models):
        return -np.log(models.std(ddof=1)) - ((value - models.mean()) / models.std(ddof=1)) ** 2 / 2

    return log_density(seen) - log_density(not_seen)


exercises.check_ratio(my_ratio)

# %% [markdown]
# ## Choose two mechanisms
#
# The paper compares eight regularisers; which, its public abstract does not say. The course takes eight that are likely
# (weight decay, dropout, crop and flip, noise, early stopping, smoothing, distillation, DP-SGD) and adds cutout, mixup,
# disturbed labels and negative smoothing. Three of them are quick enough to combine here.
#
# **Predict first.** Which two go together best? Which one helps the attacker?

# %% tags=["nbval-ignore-output", "seconds-45"]
mechanisms = quick.by_mechanism()

# %% tags=["nbval-ignore-output"]
PairChooser(quick.readings_by_choice(mechanisms.table))

# %% tags=["nbval-ignore-output"]
table = heat_map(mechanisms.table)
show("11.3", table)

# %%
check("11.3", table, tolerance=0.25)

# %% [markdown]
# Means of two models each. In our run shift and mirror alone bring the powerful attack from 0.38 to 0.09, early stopping does
# the same, and both together to 0.01. Smoothing alone raises it to 0.53, and next to shift and mirror, where no picture is seen
# twice in the same way, it does no harm (0.03). So mechanisms do not add up like numbers: what one does depends on the other.
# Two models are no proof; claim M3 asks the question with eight.
#
# ## A distance that no threshold on the loss sees
#
# "Both attacks fail" says that *these two* fail. The paper's last point is a measure with the whole model in hand,
# **distance-to-confident**: how little must a picture change until the model is confident of its label? The paper's details are
# not public; the definition here is ours: the shortest change (ℓ2) after which the confidence in the own label is at
# least 99 %, searched with gradients. Members should need less. Where the model is that sure already, the distance is below 0:
# minus the shortest change after which it is so no longer.

# %% tags=["nbval-ignore-output"]
shown = ("none", "smoothing 0.5", "early_stopping 0.8")
within = factors.within | mechanisms.within
distances = distance_curves({name: within[name] for name in shown}, factors.distances)
show("11.4", distances)

# %%
check("11.4", distances, tolerance=0.3)

# %% [markdown]
# Without a mechanism members need less, as they should. With +0.5 they still do, but everybody needs ten times as much: the model
# was taught never to be sure. After early stopping *nothing was found at all*: a model of four epochs is at 99 % about no digit
# within reach of the search, so the distance has nothing to say and its area under the curve in figure 11.3 is 0.50 for want of
# distances, not for want of a leak. A measure that fails in silence looks like a defence; the course table therefore counts
# for each model how many distances were found.
#
# ## At course size
#
# `mia-kit run membership_fashion` and `mia-kit run membership_cifar10` train eight models of each of 22 mechanisms and pairs,
# about an hour each. Networks are small and plain (three blocks of convolution and pooling, as in a VGG), members are 1,000,
# far fewer than the authors' 60,000: members are remembered to the last one, so there is more to protect than in the public
# figures. All models of a mechanism but the target and its twin serve as its shadow models.

# %% tags=["nbval-ignore-output"]
fashion, cifar = quick.course("membership_fashion"), quick.course("membership_cifar10")
for name, evidence in {"membership_fashion": fashion, "membership_cifar10": cifar}.items():
    if evidence is None:
        print(f"Not run yet: mia-kit run {name}")
        continue
    print(f"{name}\n{as_text(evidence.table)}")
    print("\n".join(evidence.verdicts))

# %% tags=["nbval-ignore-output"]
by_mechanism = heat_map(fashion.table) if fashion else not_run("membership_fashion")
show("11.5", by_mechanism)

# %%
check("11.5", by_mechanism, tolerance=0.001)

# %% tags=["nbval-ignore-output"]
by_mechanism_cifar = heat_map(cifar.table) if cifar else not_run("membership_cifar10")
show("11.6", by_mechanism_cifar)

# %%
check("11.6", by_mechanism_cifar, tolerance=0.001)

# %% tags=["nbval-ignore-output"]
sweep_course = smoothing_sweep(fashion.table) if fashion else not_run("membership_fashion")
show("11.7", sweep_course)

# %%
check("11.7", sweep_course, tolerance=0.001)

# %% [markdown]
# The authors' public figures for Fashion-MNIST, two training runs, to be read beside these (per cent):
#
# | mechanism | accuracy | average advantage | powerful advantage |
# |---|---|---|---|
# | none | 93.70 | 8.86 | 8.73 |
# | smoothing 0.01 | 93.71 | 7.44 | 10.20 |
# | smoothing 0.05 | 93.87 | 7.82 | **17.14** |
# | early stop, epoch 3 | 90.80 | 0.50 | 0.69 |
# | early stop, epoch 4 | 91.84 | 1.19 | 1.39 |
# | early stop, epoch 7 | 92.98 | 1.80 | 1.27 |
#
# Read figure 11.7 first. As in the paper positive smoothing helps the powerful attack, step by step, although it costs no accuracy;
# the likelihood ratio gains even more from it, *if* its shadow models were smoothed as well. Unlike in the paper the average
# attack is not deceived: it gains, too (M2 asks for both, so it stands as not reproduced). Negative smoothing goes the other
# way, and pays with accuracy. Of the mechanisms of figure 11.5 those that change what a picture looks like, or stop early, take
# nearly all of the leak; weight decay takes nothing. Where both attacks fail, so does distance-to-confident (M4).
#
# Then figure 11.6, CIFAR-10: a thousand photographs that the network cannot learn to recognise (45 % right), and more than twice
# the leak (powerful advantage 0.70 without a mechanism). The order of the mechanisms is nearly the same, and two prices are not.
# Cropping and flipping takes three quarters of the leak *and* gives eight points of accuracy; negative smoothing, which costs
# on Fashion-MNIST, gives a point or two while it lowers the leak (-0.2: 0.76 to 0.62 for the likelihood ratio). Early
# stopping, free on Fashion-MNIST, now costs 4 to 13 points (M5 does not hold here), and of the four pairs one beats both of its
# parts (early stopping with cropping, 0.08). No mechanism is good or bad by itself: it depends on how much there is to learn.
#
# ## One factor, two leaks
#
# Chapter 5 measured what the same factor does to *inversion*, on faces. Beside it, what you have just measured of membership:

# %% tags=["nbval-ignore-output"]
inversion = {cell["smoothing"]: cell for cell in read_evidence("face_smoothing")["results"]["cells"]}
for factor, reading in quick.readings_by_factor(factors.table).items():
    faces = f"{inversion[factor]['acc1_selected']['value']:.1%}" if factor in inversion else "not measured"
    print(f"{factor:+.2f}: membership, powerful advantage {reading.powerful:.2f}; inversion of faces, Acc@1 {faces}")

# %% [markdown]
# Two leaks of one factor, and they need not move together. On the faces of chapter 5 the factor made no difference to inversion that
# could be shown; on the digits here the powerful attack's advantage grows with it. (Other pictures and other networks: the
# columns are not to be subtracted.) Whoever chose a factor by what an inversion shows has not looked at membership.
#
# ## Quiz
#
# 1. An attack's accuracy on members and non-members is 50 %. Is nobody in danger?
# <details><summary>Answer</summary>Perhaps a few are: an attacker can be certain of ten members and guess the others. Look at the members
# found at 0.1 % false alarms.</details>
#
# 2. A near-duplicate of a member is counted as a non-member. What does that do to the attack's advantage?
# <details><summary>Answer</summary>It makes the attack look worse than it is: it says "member", is nearly right, and is counted as wrong. So
# near-duplicates are grouped first.</details>
#
# 3. Why may a target's twin, which has seen exactly the other half, not be one of its shadow models?
# <details><summary>Answer</summary>With it every non-member would have one shadow model more that has seen it than every member: the number of
# models, not what they say, would tell the two apart.</details>
#
# ## Three sentences to remember
#
# 1. A defence that was tested against one attack was tested against one attack.
# 2. Look at who is found for certain, not at the average.
# 3. What smoothing hides from a fixed threshold it can write out in large letters for one that was chosen well.
