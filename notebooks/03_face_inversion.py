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
# # 3. Face inversion: build the attack
#
# **You will be able to** write a [Plug & Play attack](GLOSSARY.md#ppa) in forty lines, and judge what it brings back
# without being fooled.
#
# **You need** chapter 1. &nbsp; **Time** about 60 minutes of yours, 1 of the computer's. &nbsp; **Memory** 0.8 GB (1.2 GB with CUDA builds of PyTorch).
# &nbsp; **GPU** no. &nbsp; **Source** Fredrikson and others (CCS 2015); Struppek and others, *Plug & Play Attacks* (ICML
# 2022), sections 3 and 4.
#
# The attack needs a generator of faces. `make lab` fetches it. If it is missing, run `python data_scripts/fetch_dcgan.py`
# in the folder of the course (14 MB) and start this notebook again.

# %%
import torch
from torch.nn.functional import cross_entropy

from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings, run
from mia_kit.attacks.crops import OPTIMISATION_CROP, cut
from mia_kit.attacks.losses import poincare
from mia_kit.data import load
from mia_kit.data.pictures import to_bytes
from mia_kit.exercises import chapter03 as exercises
from mia_kit.figures.film import face_wall, film_strip
from mia_kit.figures.reproduce import check, show, show_photographs
from mia_kit.models import SmallClassifier, load_dcgan, sample_latents
from mia_kit.seeds import stream
from mia_kit.studies.inversion import shipped
from mia_kit.training import fit

# %% [markdown]
# ## Where it began: a gradient on pixels
#
# In 2015 Fredrikson and others attacked a softmax regression: one linear layer from pixels to people. Train it on the
# ORL faces, forty people. Then fix the network, and change the *picture* by gradient descent. Begin with grey, and take
# 500 steps towards person 1.

# %%
faces = load("orl", size=32)
pictures = torch.from_numpy(faces.images).float().flatten(1) / 127.5 - 1  # (400, 1024)
people = torch.from_numpy(faces.labels).long()
weights = torch.zeros(1024, 40, requires_grad=True)
optimiser = torch.optim.Adam([weights], lr=1e-3)
for _ in range(300):
    loss = cross_entropy(pictures @ weights, people)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
print(f"right on {((pictures @ weights).argmax(dim=1) == people).float().mean():.0%} of its own photographs")

# %%
picture = torch.zeros(1, 1024, requires_grad=True)
for _ in range(500):
    loss = cross_entropy(picture @ weights, torch.tensor([0]))
    (gradient,) = torch.autograd.grad(loss, picture)
    picture = (picture - 5 * gradient).clamp(-1, 1).detach().requires_grad_()
print(f"confidence in person 1: {(picture @ weights).softmax(dim=1)[0, 0]:.1%}")

# %% [markdown]
# Look at it beside a photograph of the person. It shows a real person, so no picture is stored here: run the cell to
# see it.

# %% tags=["nbval-ignore-output"]
linear = to_bytes(torch.stack([picture.detach(), pictures[:1]]).view(1, 2, 1, 32, 32)).expand(1, 2, 3, 32, 32)
show_photographs(face_wall(linear, rows=["person 1"], columns=["softmax regression", "photograph"]))

# %% [markdown]
# Here the linear layer kept something like the person's mean photograph. Now the same attack on a convolutional
# network.

# %% tags=["nbval-ignore-output", "seconds-30"]
network = SmallClassifier(1, 40, seed=1)
fit(network, pictures.view(-1, 1, 32, 32), people, seed=1, epochs=20, progress=False)
picture = torch.zeros(1, 1, 32, 32, requires_grad=True)
for _ in range(500):
    loss = cross_entropy(network(picture), torch.tensor([0]))
    (gradient,) = torch.autograd.grad(loss, picture)
    picture = (picture - 5 * gradient).clamp(-1, 1).detach().requires_grad_()
print(f"confidence in person 1: {network(picture).softmax(dim=1)[0, 0]:.1%}")
noise = to_bytes(picture.detach()).expand(1, 1, 3, 32, 32)
show_photographs(face_wall(noise, rows=["person 1"], columns=["convolutional network"]))

# %% [markdown]
# The network is sure, and you see noise. Most possible pictures are noise, and this network can be confident about
# noise. So the attacker should search among faces only. For that they take a [**prior**](GLOSSARY.md#prior). It is a
# generator that turns 100 random numbers into a face, most of the time. The attacker searches among those numbers.
#
# ## People who do not exist
#
# From here on all people are synthetic. Each of our 200 people is a list of 100 numbers, the *true*
# [*latent*](GLOSSARY.md#latent-and-code). The generator draws each of their photographs from slightly changed numbers.
# So all pictures may be shown, and the truth is known exactly.

# %% tags=["nbval-ignore-output"]
album = face_wall(
    to_bytes(shipped.photographs(range(4), 6)).view(4, 6, 3, 32, 32),
    rows=[f"person {n}" for n in range(4)],
    columns=[f"photograph {n}" for n in range(1, 7)],
    title="Photographs of four people who do not exist",
)
show("3.1", album)

# %%
check("3.1", album, tolerance=0.01)

# %% [markdown]
# | who | has what |
# |---|---|
# | the [**target**](GLOSSARY.md#target) | a [residual network](GLOSSARY.md#residual-network), trained with [hard labels](GLOSSARY.md#hard-labels) on 20 photographs of each person; it comes with the course |
# | the [**attacker**](GLOSSARY.md#attacker) | the target's weights, and the prior. No photograph of anybody |
# | the [**evaluator**](GLOSSARY.md#evaluator) | another architecture, trained on 30 other photographs of each person. The attacker never touches it |
# | the [**second judge**](GLOSSARY.md#second-judge) | a third network, trained on photographs of its own. We use its last hidden layer, the [features](GLOSSARY.md#features), not its answer |
#
# The attacker's prior is the very generator that draws the people. That is the attacker's best case: a real one has a
# worse prior.

# %%
target, prior = shipped.shipped_target(0.0), load_dcgan()
size, victims = (32, 32), list(range(8))


def confidences(images):
    """The target's answer to images of shape (n, 3, h, w): shape (n, 200)."""
    return target(torch.nn.functional.interpolate(images, size, mode="bilinear", antialias=True)).softmax(dim=1)


# %% [markdown]
# ## Stage 1: sample
#
# ### Exercise 1 (5 minutes, easy): where to begin
#
# Draw many faces. Ask the target about each face and its mirror image. For each person keep the face with the highest
# mean confidence of the two. Return the index of that face for each of `people`.
#
# <details><summary>Hint</summary><code>images.flip(3)</code> swaps left and right; column <code>p</code> of the answer is
# person p; <code>argmax(dim=0)</code> finds the best row of each column.</details>


# %% tags=["exercise"]
def my_sample(confidences, images, people):
    return torch.arange(len(people))  # change this line


exercises.check_sample(my_sample)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_sample(confidences, images, people):
    scores = (confidences(images) + confidences(images.flip(3))) / 2  # (n, classes)
    return scores[:, list(people)].argmax(dim=0)


exercises.check_sample(my_sample)

# %% [markdown]
# ## Stage 2: optimise
#
# Now walk from there. Two things are missing: what to minimise, and how to step.
#
# ### Exercise 2 (10 minutes, medium): the Poincaré loss
#
# Plug & Play measures distances in hyperbolic space, where they grow without bound towards the edge of the unit ball.
# Let $u$ be the [logits](GLOSSARY.md#logit) divided by the sum of their absolute values. Let $v$ be the person's
# [one-hot](GLOSSARY.md#one-hot-label) vector, its 1 lowered by $10^{-4}$:
#
# $$d(u, v) = \operatorname{arccosh}\left(1 + \frac{2\,|u - v|^2}{(1 - |u|^2)(1 - |v|^2)}\right)$$
#
# Return one distance for each image.
#
# <details><summary>Hint 1</summary><code>logits.abs().sum(dim=1, keepdim=True)</code> is the sum to divide
# by.</details>
# <details><summary>Hint 2</summary><code>(one_hot - 1e-4).clamp(0, 1)</code>; |x|² is
# <code>x.square().sum(dim=1)</code>.</details>


# %% tags=["exercise"]
def my_poincare(logits, targets):
    return cross_entropy(logits, targets, reduction="none")  # change this line


exercises.check_poincare(my_poincare)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_poincare(logits, targets):
    u = logits / logits.abs().sum(dim=1, keepdim=True)
    v = (torch.nn.functional.one_hot(targets, logits.shape[1]) - 1e-4).clamp(0, 1)
    gap = (u - v).square().sum(dim=1)
    room = (1 - u.square().sum(dim=1)) * (1 - v.square().sum(dim=1))
    return torch.acosh(1 + 2 * gap / room)


exercises.check_poincare(my_poincare)

# %% [markdown]
# ### Exercise 3 (5 minutes, easy): one step
#
# `codes` are the 100 numbers of each face. `loss_of(codes)` gives one loss for each person. All people share a batch.
# Take the gradient of the *sum* of the losses: then each person's gradient is the same as alone. (A mean would divide
# it by the number of people.) Put it into `codes.grad` and let the optimiser step.
#
# <details><summary>Hint</summary><code>torch.autograd.grad(value, codes)</code> returns a tuple with one entry.</details>


# %% tags=["exercise"]
def my_step(codes, loss_of, optimiser):
    loss_of(codes)  # add what is missing


exercises.check_step(my_step)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_step(codes, loss_of, optimiser):
    (codes.grad,) = torch.autograd.grad(loss_of(codes).sum(), codes)
    optimiser.step()


exercises.check_step(my_step)

# %% [markdown]
# ## Stage 3: select
#
# A thorough attacker walks from several starts for each person. Each ends in a [candidate](GLOSSARY.md#candidate), and
# they keep one. They can ask nobody but the target. So they show the target many *views* of each candidate: crops and
# mirror images.
#
# ### Exercise 4 (3 minutes, easy): which candidate?
#
# `confidences` has the shape (people, candidates, views). Return the index of the best candidate of each person.
#
# <details><summary>Hint</summary>A single lucky view proves nothing: take the mean over views first.</details>


# %% tags=["exercise"]
def my_select(confidences):
    return confidences[:, :, 0].argmax(dim=1)  # change this line


exercises.check_select(my_select)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_select(confidences):
    return confidences.mean(dim=2).argmax(dim=1)


exercises.check_select(my_select)

# %% [markdown]
# ## All of it
#
# ### Exercise 5 (15 minutes, hard): your whole attack
#
# Put the parts together, with one candidate for each person, so that nothing is left to select. The
# [pool](GLOSSARY.md#pool) (the faces drawn first), the crops and the optimiser are given. A random crop at each step
# prevents solutions that rest on a few pixels. Add the sampling, and the loop over `steps`. The check compares your
# codes with those of `mia_kit.attacks.run`.
#
# <details><summary>Hint 1</summary>Images of the pool: <code>prior.synthesise(pool)</code>, resized as in
# <code>confidences</code> above.</details>
# <details><summary>Hint 2</summary>In the loop: <code>views = cut(prior.synthesise(codes), crops[step], size)</code>, then
# <code>loss(target(views), targets)</code>.</details>


# %% tags=["exercise"]
def my_attack(target, prior, people, loss, *, pool=1000, steps=100, rate=0.03, size=(32, 32), seed=1):
    def ask(images):
        views = torch.nn.functional.interpolate(images, size, mode="bilinear", antialias=True)
        return target(views).softmax(dim=1).detach()

    latents, targets = sample_latents(prior, pool, seed=seed), torch.tensor(people)
    crops = OPTIMISATION_CROP.boxes(steps * len(people), stream(seed + 1)).view(steps, len(people), 2, 3)
    best = torch.arange(len(people))  # change this line: sample
    codes = latents[best].clone().requires_grad_()
    optimiser = torch.optim.Adam([codes], lr=rate, betas=(0.1, 0.1))
    # add the loop here
    return codes.detach()


exercises.check_attack(my_attack)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_attack(target, prior, people, loss, *, pool=1000, steps=100, rate=0.03, size=(32, 32), seed=1):
    def ask(images):
        views = torch.nn.functional.interpolate(images, size, mode="bilinear", antialias=True)
        return target(views).softmax(dim=1).detach()

    latents, targets = sample_latents(prior, pool, seed=seed), torch.tensor(people)
    crops = OPTIMISATION_CROP.boxes(steps * len(people), stream(seed + 1)).view(steps, len(people), 2, 3)
    with torch.no_grad():
        best = my_sample(ask, prior.synthesise(latents), people)
    codes = latents[best].clone().requires_grad_()
    optimiser = torch.optim.Adam([codes], lr=rate, betas=(0.1, 0.1))
    for step in range(steps):

        def loss_of(codes, crop=crops[step]):
            return loss(target(cut(prior.synthesise(codes), crop, size)), targets)

        my_step(codes, loss_of, optimiser)
    return codes.detach()


exercises.check_attack(my_attack)

# %% [markdown]
# That is a whole Plug & Play attack. From now on the course calls `mia_kit.attacks.run`, which does the same and
# records the path. If you skipped the exercises, use the package's attack below.

# %% tags=["nbval-ignore-output", "seconds-30"]
settings = Settings(
    input_size=size, pool=1000, candidates=1, keep=1, steps=100, learning_rate=0.03, film=(0, 10, 20, 50, 100)
)
result = run(WhiteBox(target), victims, prior=prior, seed=1, settings=settings, loss=poincare, progress=False)
with torch.no_grad():
    film = to_bytes(torch.stack([prior.synthesise(codes) for codes in result.film]))  # (5, 8, 3, 64, 64)
    truth = to_bytes(prior.synthesise(shipped.true_latents()[victims]))
strip = film_strip(film, settings.film, truth=truth, names=[f"person {n}" for n in victims])
show("3.2", strip)

# %%
check("3.2", strip, tolerance=0.06)

# %% [markdown]
# Read a column from top to bottom. The attacker begins with a stranger. Does the stranger become more like the person
# in the last row? The attacker never saw that row.
#
# ## Drag it
#
# The same attack on seven targets that differ in their smoothing factor, with three losses, for up to 200 steps. Guess
# first, then drag. The button **Attack live** runs the attack now, on your machine.

# %% tags=["nbval-ignore-output"]
from mia_kit.widgets.faces_lab import FacesLab

FacesLab(live=shipped.live_frames)

# %% [markdown]
# Chapter 5 measures what you have just seen, with more people, seeds and intervals.
#
# ## Judging: who says that this is the person?
#
# [**Acc@1**](GLOSSARY.md#acc1) is the share of [reconstructions](GLOSSARY.md#reconstruction) for which the evaluator
# ranks the right person first. But a classifier always names somebody. So we ask a second judge as well: in its
# features, is the nearest of 200 people the right one?

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    images = prior.synthesise(result.codes)
said = shipped.judged(images, victims)
for judge, ranks in said.items():
    print(f"{judge}: {[int(rank) for rank in ranks]}")

# %% [markdown]
# Rank 1 is a hit among 200. Two controls belong beside every such number, and chapter 5 draws both as lines:
#
# * [**Placebo**](GLOSSARY.md#placebo), the floor. Attack a target that never saw the person, and judge the result as if
#   it had.
# * [**Oracle**](GLOSSARY.md#oracle), the ceiling. Attack the evaluator itself, and let the second judge rate the
#   result.
#
# ## A line-up
#
# And you? Which of six people does the reconstruction show? Your hits stand beside the evaluator's, which chose among
# 200 people.

# %% tags=["nbval-ignore-output"]
from mia_kit.widgets.faces_lab import LineUp

LineUp()

# %% [markdown]
# **Finding.** With a generator, forty lines turned a classifier's weights into faces of eight drawn people. The
# evaluator and a second judge each recognised more than half of them. Without a generator, a gradient attack on another
# network gave noise.
#
# ## What this may be used for
#
# * **Teach** with people who do not exist, or who agreed, and show as few faces as the lesson needs.
# * **Audit** a model that you own or that its owner let you test. Report both judges.
# * **Never** run it on somebody else's model to find out who somebody is. Never show a reconstruction as evidence.
#
# ## Quiz
#
# 1. Why must the evaluator and the target share no photograph?
# <details><summary>Answer</summary>Otherwise it would reward what the target memorised of those photographs, poses and
# backgrounds included, as if it were the person.</details>
#
# 2. A paper reports Acc@1 of 90 % and shows its six best pictures. What do you ask for?
# <details><summary>Answer</summary>A second judge, a placebo, an interval over people and seeds, and pictures chosen at
# random.</details>
#
# 3. The prior has never seen the photographs. Where does the likeness come from?
# <details><summary>Answer</summary>From the target's weights. The prior says what a face is. The gradient says which
# face.</details>
#
# ## Three sentences to remember
#
# 1. Sample, optimise, select: the attacker needs the target's gradients and a prior, but not one photograph.
# 2. Here the attack without a prior gave noise, and the attack with one gave faces.
# 3. A judge always names somebody, so put a placebo and an oracle beside every hit rate.
