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
# # 6. The attack zoo: what an attacker can do with how much access
#
# **You will be able to** say what an attacker needs to be given, compare attacks at the same price, and write the loss that
# goes on where a softmax has nothing left to say.
#
# **You need** chapter 3; chapter 5 helps. &nbsp; **Time** about 35 minutes of yours, 3 of the computer's. &nbsp; **Memory** 0.8 GB (1.3 GB with CUDA builds of PyTorch).
# &nbsp; **GPU** no. &nbsp; **Sources** Fredrikson and others (CCS 2015); GMI (CVPR 2020); KED-MI (ICCV 2021);
# MIRROR (NDSS 2022); BREP-MI (CVPR 2022); PPA (ICML 2022); LOMMA and PLG-MI (2023).
#
# Like chapter 3 this one needs a generator of faces: if it is missing, run `python data_scripts/fetch_dcgan.py`.

# %%
from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings, losses, run
from mia_kit.exercises import chapter06 as exercises
from mia_kit.experiments import attack_zoo_rows, face_attack, face_quick, zoo_quick
from mia_kit.figures.reproduce import check, show
from mia_kit.figures.zoo import ranks_by_budget, smoothing_takes, zoo_table, zoo_wall
from mia_kit.runs.first_house import read_evidence, verdicts_in_words
from mia_kit.widgets.attack_wall import AttackWall

# %% [markdown]
# ## What is the attacker given?
#
# | access | the attacker sees | what it is in life |
# |---|---|---|
# | **white box** | everything, gradients too | a model on your phone, a leaked file, a client in federated learning |
# | **confidences** | a number for each class | a service that reports how sure it is |
# | **labels** | the name of one class | a door that opens or does not |
#
# Every attack below gets exactly one of the three, as an object that counts each image it is asked about and cannot give
# more: who holds `LabelAPI` has no gradient to reach for.
#
# | attack | access | how it searches |
# |---|---|---|
# | **Fredrikson** | white box | changes the pixels themselves; knows nothing of faces |
# | **PPA** | white box | walks in the prior with the gradient (chapter 3) |
# | **GMI, KED-MI, LOMMA, PLG-MI** | white box | with a generator trained, or trained on, for the attack; figure 6.3 has them |
# | **best of a sample** | confidences | draws faces from the prior, keeps the best: no search |
# | **MIRROR**, black box | confidences | breeds the best draws: a genetic algorithm |
# | **BREP-MI** | labels | walks away from the border of the class |
#
# **Predict first.** Four of our forty people, 120 images of each asked about. Order the five attacks that you know by now:
# which comes nearest, which fails?

# %% tags=["nbval-ignore-output", "seconds-150"]
brief = face_quick.BRIEF_EPOCHS
hard = face_quick.set_up(epochs=brief)
scenes = {0.0: hard} | {factor: face_quick.retrained(hard, factor, epochs=brief) for factor in (-0.05, 0.1)}
people = range(4)
names = hard.people.class_names[:4]
shelf = zoo_quick.fill_shelf(scenes, people)

# %% [markdown]
# ## Drag the factor, drag the budget

# %% tags=["nbval-ignore-output"]
AttackWall(shelf, names=names, threshold=hard.judges.threshold)

# %% tags=["nbval-ignore-output"]
place = shelf.factors.index(0.0)
wall = zoo_wall(
    shelf.pictures[place, -1],
    shelf.hits[place, -1],
    attacks=list(shelf.access),
    access=list(shelf.access.values()),
    names=names,
)
show("6.1", wall)

# %%
check("6.1", wall, tolerance=0.5)

# %% [markdown]
# Four people and one hit more or less: the hits say little. The *ranks* say more. A face drawn at random takes a place in the
# middle of forty; an attack that has understood something comes near the top although it is no hit yet.

# %% tags=["nbval-ignore-output"]
curves = ranks_by_budget(
    shelf.ranks[place], shelf.reached[place], budgets=shelf.budgets, access=shelf.access, classes=40
)
show("6.2", curves)

# %%
check("6.2", curves, tolerance=8)

# %% [markdown]
# Three lessons, all in one picture.
#
# * **A prior is worth more than access.** Fredrikson's attack has everything that can be had and no idea of faces. It turns
#   pixels until the target likes them better, and nobody recognises anything; more queries do not help.
# * **A gradient is worth more than queries.** With the same budget PPA comes much nearer than MIRROR, who sees confidences
#   alone. MIRROR is a little ahead of whoever only keeps the best of a sample.
# * **Labels alone are dear.** BREP-MI must first meet each label by chance. With 120 images of each person it met one label
#   of four in our run; the paper spends many thousands.
#
# An attack is a point on such a curve, not a number. Whoever says "black-box attacks fail" must say with how many queries.
#
# ## Where a softmax has nothing left to say
#
# Cross-entropy and confidence saturate: once the target is sure, their gradients vanish, and a negatively smoothed model is
# very sure. LOMMA takes the **raw logit** instead, PLG-MI the **margin** to the next class. Published numbers (VGG-16,
# CelebA, 64 px, attack accuracy) show what that is worth against negative smoothing:
#
# | attack | loss | hard labels | negative smoothing |
# |---|---|---|---|
# | GMI | cross-entropy | 14 % | 8 % |
# | KED-MI | cross-entropy | 57 % | 33 % |
# | LOMMA on KED-MI | raw logit | 80 % | 78 % |
# | PLG-MI | margin | 96 % | 90 % |
#
# ### Exercise 1 (10 minutes, medium): the margin loss
#
# Complete `my_margin`: `logits` has the shape (n, classes), `targets` the shape (n,). Return the greatest *other* logit
# minus the target's, of shape (n,): an attacker minimises it.
#
# <details><summary>Hint 1</summary><code>logits.gather(1, targets[:, None]).squeeze(1)</code> is the target's logit.</details>
# <details><summary>Hint 2</summary>Before you take the maximum, put −∞ in the target's place:
# <code>logits.scatter(1, targets[:, None], float("-inf"))</code>.</details>


# %% tags=["exercise"]
def my_margin(logits, targets):
    return -logits.gather(1, targets[:, None]).squeeze(1)  # change this line


exercises.check_margin(my_margin)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_margin(logits, targets):
    others = logits.scatter(1, targets[:, None], float("-inf")).amax(dim=1)
    return others - logits.gather(1, targets[:, None]).squeeze(1)


exercises.check_margin(my_margin)

# %% [markdown]
# Now attack the negatively smoothed target with the losses beside each other: the same four people, latents and crops. The
# norm of the gradient says which loss still has something to say.

# %% tags=["nbval-ignore-output"]
target = scenes[-0.05].target.model
settings = Settings(
    input_size=(64, 64), pool=200, candidates=1, keep=1, steps=40, learning_rate=0.05, selection_views=5
)
for name, loss in {
    "cross-entropy": losses.cross_entropy,
    "Poincaré": losses.poincare,
    "your margin": my_margin,
}.items():
    found = run(WhiteBox(target), people, prior=hard.prior, seed=0, settings=settings, loss=loss, progress=False)
    judged = face_attack.measure(found, hard.people, hard.judges, per_class=face_quick.POOL)
    norms = found.trace.gradient_norms.median(dim=1).values
    print(f"{name:14} ranks {judged.rank}, gradient {norms[0]:.2g} at the first step, {norms[-1]:.2g} at the last")

# %% [markdown]
# In our run the gradient of cross-entropy falls on the way, that of the margin grows. It did not help: the ranks with the
# margin are rather worse, for this small target is far from saturated and cross-entropy still has much to say. Where a softmax
# *is* saturated it has not, and nobody knows beforehand which of the two a defended model is. So a defence counts as unbroken
# only after it was attacked with such a loss as well.
#
# ### Exercise 2 (6 minutes, easy): the price of an attack
#
# Complete `my_queries`: how many images does one Plug & Play attack ask the target about? One pool is drawn for all people,
# and each image is shown as it is and mirrored; then every candidate of every person takes its steps, and is looked at in
# its views.
#
# <details><summary>Hint</summary>Three stages, three terms. The first does not depend on the number of people.</details>


# %% tags=["exercise"]
def my_queries(people, pool, candidates, steps, views):
    return pool + people * candidates * (steps + views)  # change this line


exercises.check_queries(my_queries)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_queries(people, pool, candidates, steps, views):
    return 2 * pool + people * candidates * (steps + views)


exercises.check_queries(my_queries)

# %% [markdown]
# ## Forty people, ten attacks, two judges
#
# Four people are a demonstration. `mia-kit run attack_zoo_orl` asks it of all forty, with three seeds, a stronger prior (the
# style-based one of chapter 5) and every attack of the table. Each attack is held against two starts of its own: a face drawn
# at random, and the best of 400 sampled pictures (grey strokes). An attack that does not beat both has found nothing by
# searching.

# %% tags=["nbval-ignore-output"]
forty = read_evidence("attack_zoo_orl")["results"]
table = zoo_table(forty["rows"])
show("6.3", table)

# %%
check("6.3", table, tolerance=0.001)
print(attack_zoo_rows.beats_in_words(forty))
verified = sum(row["hits"]["verified"].count("1") for row in forty["rows"])
named, genuine = ([row["judges"][name] for row in forty["rows"]] for name in ("named", "genuine"))
print(f"verified by the embedder: {verified} of {sum(row['people'] for row in forty['rows'])} reconstructions;")
print(
    f"it names {min(named):.0%} to {max(named):.0%} of real photographs, verifies {min(genuine):.0%} to {max(genuine):.0%}"
)

# %% [markdown]
# Look at the two panels on the outside. The **evaluator**, another network that has learnt the same forty people, takes four
# in five reconstructions of the best attacks for the right person. The **embedder** knows no one of them. It names nearly all
# *real* photographs and verifies most of them; of 1,200 reconstructions it verifies one.
#
# So what do the attacks beat? Their starts, by the evaluator's word; nobody by the embedder's. Both are right about what they
# measure. An image can carry what two classifiers have learnt from the same few photographs, and still be a face that no
# stranger would match. Chapter 5's people, with more photographs and a prior that fits, are another story: there the embedder
# verifies one reconstruction in four.
#
# Two smaller lessons. GMI with its own GAN from nothing, trained for seconds, stayed at chance; with a prior that knows faces
# the same attack beats its starts: *the prior, again*. And KED-MI's answer is worse than the best of its samples, because it
# hands in a draw from a distribution that a short search has not narrowed yet.
#
# ## A hundred people
#
# `mia-kit run attack_zoo` runs thirteen attacks on the 105 people of chapter 5, with three factors and three seeds, each
# against the two starts as above.

# %% tags=["nbval-ignore-output"]
hundred = read_evidence("attack_zoo")["results"]
hundred_table = zoo_table(hundred["rows"])
show("6.4", hundred_table)

# %%
check("6.4", hundred_table, tolerance=0.001)
print(attack_zoo_rows.beats_in_words(hundred))

# %% [markdown]
# A hundred people with a prior that fits them are the other story that was promised, and the order is plain:
#
# * **PPA leads**, with any loss: half of its reconstructions pass the evaluator, a quarter the embedder, who verifies 4 % of the
#   best sampled pictures. MIRROR with the gradient comes next.
# * **The attacks with a GAN of their own stay near their starts.** KED-MI's and PLG-MI's went on from the same prior for a hundred
#   steps only, on two cores; the papers' are trained for hours. PLG-MI, and GMI with LOMMA's loss, do beat both starts,
#   GMI alone by the embedder's word only. KED-MI does not, as above.
# * **Without gradients little is left.** With hard labels MIRROR's black box and BREP-MI beat both starts by the evaluator's word;
#   the embedder is not convinced. BREP-MI meets 95 labels of 105, for 350 queries a person.
#
# Which attack does negative smoothing stop, and which loss undoes it? Open diamonds are the published changes.

# %% tags=["nbval-ignore-output"]
published = {attack: (negative - hard) / 100 for attack, (hard, negative) in attack_zoo_rows.PUBLISHED.items()}
changes = smoothing_takes(hundred["rows"], published)
show("6.5", changes)

# %%
check("6.5", changes, tolerance=0.001)

# %% [markdown]
# **There is nothing to undo.** None of the thirteen attacks finds fewer people on the negatively smoothed targets, by a
# difference that counts; KED-MI finds *more*. A raw logit helps GMI, on hard labels (.16 to .24) as on negatively smoothed ones
# (.15 to .25), and not KED-MI; the margin hands in fewer people than cross-entropy on both. So the published order is not
# seen here, and neither is its opposite: a claim about undoing cannot be tested where nothing was done. Chapter 5 told that a
# factor of −0.05 hardly defends these small networks; chapter 8 finds the same with seven adapted attacks. Positive
# smoothing, which should *help*, takes from cross-entropy and from LOMMA's logit instead.
#
# What would decide it: networks and factors at the paper's size, where negative smoothing was seen to defend, on a GPU.

# %% tags=["nbval-ignore-output"]
print(verdicts_in_words("attack_zoo"))

# %% [markdown]
# ## Quiz
#
# 1. A service rounds its confidences to whole per cent. Which attacks of the table notice?
# <details><summary>Answer</summary>Those that compare confidences: the best of a sample, and MIRROR. A white box has the
# logits before they are rounded, and labels are what they were.</details>
#
# 2. Why does MIRROR breed with confidences and not with log-confidences?
# <details><summary>Answer</summary>It weighs parents by their fitness. With negative numbers the worse parent gets the
# greater weight.</details>
#
# 3. A class that BREP-MI never meets has no reconstruction. What belongs in the denominator of Acc@1?
# <details><summary>Answer</summary>Every person that was attacked. Leaving out those that were not reached would reward an
# attack for giving up.</details>
#
# ## Three sentences to remember
#
# 1. Say what the attacker was given and what it spent, or the number means nothing.
# 2. A prior that knows faces is worth more than the target's gradients without one.
# 3. Attack a defence with a loss that does not saturate before you call it a defence.
