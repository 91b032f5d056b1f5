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
# # 1. Toy inversion: drag the slider, watch the leak
#
# **You will be able to** explain what a model inversion attack does, and what label smoothing changes. You will predict
# which sign of the factor brings the attacker nearer to the training data.
#
# **You need** Python, and the idea of gradient descent. &nbsp; **Time** about 45 minutes of yours, 2 of the computer's.
# &nbsp; **Memory** 0.6 GB (1.2 GB with CUDA builds of PyTorch). &nbsp; **GPU** no. &nbsp; **Source** Struppek, Hintersdorf and Kersting, *Be Careful
# What You Smooth For* (ICLR 2024), figure 1.

# %%
import torch

from mia_kit.exercises import chapter01 as exercises
from mia_kit.figures import toy as figures
from mia_kit.figures.reproduce import check, show
from mia_kit.smoothing import smoothed_cross_entropy, smoothed_targets
from mia_kit.toy import invert, invert_grid, load_table, make_data, train

# %% [markdown]
# ## Why this course
#
# Smoothed labels can make networks more accurate and less over-confident (Müller, Kornblith and Hinton, *When Does
# Label Smoothing Help?*, 2019). Many image classifiers are trained so. And trained networks can give away what they
# saw: Carlini and others (2023) drew near copies of training photographs, of named people too, out of a public image
# generator. Does label smoothing change how much a classifier gives away? That is the question of this course.
#
# ## A world that fits on a page
#
# Three clouds of points in the plane, three classes. Think of each cloud as one person, and of each point as one
# photograph of them. A small network learns to tell the clouds apart. Then the training points are taken away, and an
# attacker who holds only the network tries to find out where cloud 2 was.

# %%
data = make_data()
print(f"{len(data.points)} points; class 2 lies around {data.of_class(2).mean(dim=0).round().int().tolist()}")

# %% [markdown]
# ## One number in the labels
#
# Label smoothing with the factor $a$ replaces the [one-hot](GLOSSARY.md#one-hot-label) label $y$ of $C$ classes by
# $(1-a)\,y + a/C$. Below are the labels of a point of class 2 for three factors. A **positive** factor tells the
# network not to be too sure. A **negative** factor tells it to push the other classes *below* zero: to be surer than
# sure.

# %%
for factor in (0.05, 0.0, -0.05):
    row = smoothed_targets(torch.tensor([2]), classes=3, smoothing=factor)[0]
    print(f"smoothing {factor:+.2f}: " + "  ".join(f"{entry:+.4f}" for entry in row))

# %% [markdown]
# A trap before we start: PyTorch silently ignores a negative `label_smoothing`. That is why we train with our own
# `smoothed_cross_entropy`.

# %%
logits, label = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([2])
silent = torch.nn.functional.cross_entropy(logits, label, label_smoothing=-0.05)
print(
    f"PyTorch, factor -0.05: {silent:.4f}   PyTorch, factor 0: {torch.nn.functional.cross_entropy(logits, label):.4f}"
)
print(f"mia_kit, factor -0.05: {smoothed_cross_entropy(logits, label, -0.05):.4f}")

# %% [markdown]
# ## Train three networks, now
#
# Same data, same initial weights ([seed](GLOSSARY.md#seed) 42), same 5,000 steps. Only the factor differs. It takes
# about ten seconds each.

# %% tags=["nbval-ignore-output", "seconds-45"]
models = {factor: train(factor, seed=42, data=data, progress=True) for factor in (0.05, 0.0, -0.05)}

# %% [markdown]
# All three classify every training point correctly. By training accuracy alone you could not tell them apart.

# %%
for factor, model in models.items():
    accuracy = (model(data.points).argmax(dim=1) == data.labels).float().mean()
    print(f"smoothing {factor:+.2f}: training accuracy {accuracy:.3f}")

# %% [markdown]
# ## The attack
#
# The attacker starts somewhere, here at $(-3, -10)$, beside cloud 0. In each round they compute the cross-entropy for
# class 2, read the confidence from it, and follow its gradient one step downhill. They stop after the round in which
# that confidence was above 95 %. Where they stand then is their *reconstruction*. The network leaks if it lies near the
# training points of class 2.
#
# ### Exercise 1 (8 minutes, easy): write the attack
#
# Write it yourself: eight lines are enough. Return the point where the attacker stops. The check compares it with the
# package's attack.
#
# <details><summary>Hint 1</summary>Each round: <code>loss = cross_entropy(model(point),
# torch.tensor([target_class]))</code>, then <code>loss.backward()</code> and a step against
# <code>point.grad</code>.</details>
# <details><summary>Hint 2</summary>The confidence is <code>exp(-loss)</code>. Compute it before the step. Take the step
# even if you then stop.</details>


# %% tags=["exercise"]
def my_invert(model, start, target_class, *, rate=0.1, stop=0.95, most=10_000):
    point = torch.tensor([start], requires_grad=True)
    # add the loop here
    return point.detach()


exercises.check_invert(my_invert)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_invert(model, start, target_class, *, rate=0.1, stop=0.95, most=10_000):
    point = torch.tensor([start], requires_grad=True)
    for _ in range(most):
        loss = torch.nn.functional.cross_entropy(model(point), torch.tensor([target_class]))
        point.grad = None
        loss.backward()
        point.data -= rate * point.grad
        if torch.exp(-loss) > stop:
            break
    return point.detach()


exercises.check_invert(my_invert)

# %% [markdown]
# From here on the course calls `mia_kit.toy.invert`, which does the same and stores the path.
#
# **Predict first.** On which of the three networks does the attacker end nearest to the training points? On which do
# they stop first? Write both guesses down.

# %% tags=["nbval-ignore-output"]
paths = {factor: invert(model, start=(-3, -10), target_class=2) for factor, model in models.items()}
for factor, path in paths.items():
    print(f"smoothing {factor:+.2f}: {path.steps:5} steps, distance {path.distance:.2f}")

# %% tags=["nbval-ignore-output"]
maps = figures.decision_maps(models, paths, data)
show("1.1", maps)

# %%
check("1.1", maps, tolerance=0.02)

# %% [markdown]
# These are the paper's numbers too, for one seed and one start. With the factor **+0.05** the attacker walks 3,113
# steps and ends inside the cloud, at a distance of 0.65. With [hard labels](GLOSSARY.md#hard-labels), the factor 0, it
# is 763 steps and 3.23. With **−0.05** they stop after 53 steps, 6.75 away. The network is sure of class 2 long before
# they meet anything that looks like class 2.
#
# ## Now you: the smoothing laboratory
#
# Give your prediction in the laboratory, then drag. You can drag the start point too, or select it with Tab and use the
# arrow keys. Every position of the slider shows a network that was really trained with that factor. The line of text at
# the bottom holds the whole state: send it to a classmate to show what you see.

# %% tags=["nbval-ignore-output"]
from mia_kit.widgets.smoothing_lab import SmoothingLab

lab = SmoothingLab()
lab

# %% [markdown]
# ## The whole curve, with its uncertainty
#
# One network is an anecdote. The next cell attacks 363 networks, 33 factors by 11 seeds, from two starts: the paper's,
# and the middle of the plane. **Predict first:** will the curve simply fall from left to right?

# %% tags=["nbval-ignore-output"]
table = load_table()
inversions = invert_grid(table, starts=((-3, -10), (0, 0)))
curve = figures.leakage_curve(inversions)
show("1.2", curve)

# %%
check("1.2", curve, tolerance=0.05)

# %% [markdown]
# It does not simply fall. Read it from left to right:
#
# * **Below about −0.15** the distance is enormous, but that says nothing about hiding. The slope is very steep. A
#   single step throws the attacker out of the plotted area, to a place where the network happens to be sure. Near
#   −0.125 about one attacker in four lands in the cloud by chance.
# * **From −0.1 to 0** they stop, in the median, at the boundary of class 2, several units from its points.
# * **From 0 to +0.05** the median comes nearer with every notch: this is the paper's effect. Single seeds differ
#   widely: eight of ten lie in the band.
# * **Above +0.05** it depends on where they start. From the paper's start most attackers *get stuck*. Inside another
#   cloud the smoothed network's answer is nearly constant, and there is hardly a slope. From the middle of the plane
#   about nine in ten end inside the cloud. More smoothing is not more safety.
#
# Success and failure both teach something. An attack that fails may say more about the attack than about the defence.
#
# ## Why? What the attacker feels on the way
#
# The length of the gradient says how strongly the network pulls. These are the three paths of figure 1.1.

# %% tags=["nbval-ignore-output"]
curves = figures.path_curves(paths)
show("1.3", curves)

# %%
check("1.3", curves, tolerance=0.05)

# %% [markdown]
# With +0.05 the network is punished for being too sure. The slope stays gentle, and on this path it leads on to the
# training points. That slope is a signpost. With −0.05 the network is rewarded for growing [logits](GLOSSARY.md#logit)
# without end. There is a steep cliff at the boundary. Behind it the loss is flat, so no direction says where the data
# was.

# %% tags=["nbval-ignore-output"]
surfaces = figures.loss_surfaces(models)
show("1.4", surfaces)

# %%
check("1.4", surfaces, tolerance=0.02)

# %% [markdown]
# ## Does it hold for other seeds and starts?
#
# The paper shows one seed and one start. We trained 50 seeds for each of the three factors and attacked each from five
# starts (`mia-kit run toy_order`; `pandas.read_csv("evidence/toy_order.csv.gz")` opens the table).

# %% tags=["nbval-ignore-output"]
from mia_kit.runs.claims import judge, read_claims
from mia_kit.runs.evidence import read_record, read_table

attacks = read_table("toy_order")
order = figures.order_strip(attacks, starts=read_record("toy_order")["recipe"]["starts"])
show("1.5", order)

# %%
check("1.5", order, tolerance=0.001)
for claim in read_claims()[:2]:
    for verdict in judge(claim, {"toy_order": attacks}):
        print(f"claim {claim.id}, {verdict.world}: {verdict.word}")
        print(*(f"  {part.name}: {part.sentence}" for part in verdict.parts), sep="\n")

# %% [markdown]
# The [claim](GLOSSARY.md#claim) about **steps** holds. The claim about **distance** holds for the medians of the
# attacks that stopped. For the means it is weaker, and at +0.05 we cannot tell. With +0.05 and with hard labels some
# attackers get stuck far away, and pull the mean up. Each dot of figure 1.5 is one attack.
#
# ## Exercises
#
# ### Exercise 2 (5 minutes, easy): write the smoothed labels yourself
#
# Complete `my_targets` so that it returns the smoothed labels for any factor and any number of classes.
#
# <details><summary>Hint 1</summary>Start from <code>torch.nn.functional.one_hot(labels, classes)</code>.</details>
# <details><summary>Hint 2</summary>Every entry gets <code>smoothing / classes</code>. Then add <code>1 -
# smoothing</code> to the entry of the labelled class.</details>


# %% tags=["exercise"]
def my_targets(labels, classes, smoothing):
    return torch.nn.functional.one_hot(labels, classes).float()  # hard labels: change this line


exercises.check_targets(my_targets)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_targets(labels, classes, smoothing):
    hard = torch.nn.functional.one_hot(labels, classes).float()
    return (1 - smoothing) * hard + smoothing / classes


exercises.check_targets(my_targets)

# %% [markdown]
# ### Exercise 3 (5 minutes, medium): how sure can a smoothed network be?
#
# A network that fits the smoothed labels perfectly gives the labelled class the confidence $1 - a + a/C$. Our attacker
# stops above 95 %. Above which positive factor can the confidence for one of three classes no longer reach that? Give
# the factor to three decimals.
#
# <details><summary>Hint</summary>Solve 1 - a + a/3 = 0.95 for a.</details>

# %% tags=["exercise"]
my_factor = 0.0  # change this number
exercises.check_ceiling(my_factor)

# %% tags=["solution"] jupyter={"source_hidden": true}
my_factor = 0.075
exercises.check_ceiling(my_factor)

# %% [markdown]
# ### Exercise 4 (10 minutes, medium): is a large factor safe?
#
# From the paper's start the network with the factor $+0.3$ leaves the attacker stuck, about 19 away. A friend concludes
# that it is safe. Prove them wrong. Find a start at least 8 away from every training point of class 2, from which the
# attacker ends nearer than 1.
#
# <details><summary>Hint 1</summary>They are stuck inside the region of another class. Which places belong to no
# class?</details>
# <details><summary>Hint 2</summary>Set the factor to +0.3 in the laboratory and drag the start around.</details>

# %% tags=["exercise"]
my_attack = invert(table.model(0.3, seed=42), start=(-3, -10))  # change the start
exercises.check_attack(my_attack)

# %% tags=["solution"] jupyter={"source_hidden": true}
my_attack = invert(table.model(0.3, seed=42), start=(0, 0))
exercises.check_attack(my_attack)

# %% [markdown]
# ## Quiz
#
# 1. Two networks have the same accuracy. Do they leak the same amount?
# <details><summary>Answer</summary>No. The three networks above have the same training accuracy and very different
# reconstructions.</details>
#
# 2. The attacker needs more steps on the positively smoothed network. Is it therefore safer?
# <details><summary>Answer</summary>No. Steps are cheap. They walk longer because the slope leads them on, to the
# training data.</details>
#
# 3. The attacker fails on a network. Is the network safe?
# <details><summary>Answer</summary>Not yet. Exercise 4 turned a failure into a full success by another start. Ask what
# an attacker would change who knows the defence; chapter 8 does.</details>
#
# ## Three sentences to remember
#
# 1. A classifier that is right on its training data can still show where that data was. How much depends on how it was
#    trained.
# 2. Attackers that stop come nearer at +0.05 than with hard labels, and stay farther away at −0.05.
# 3. A single run is an anecdote, and a failed attack is not a proof: look at the band, and try another start.
#
# **Finding.** In the plane attackers that stop end 3.11 [2.76, 3.4] nearer to the training data at +0.05 than with hard
# labels, and 3.29 [3.07, 3.64] farther away at −0.05 (medians, 50 seeds).
