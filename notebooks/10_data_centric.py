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
# # 10. Data-centric defence: protect yourself by what you hand in
#
# **You will be able to** build a defence that needs no trainer's help, see what it does to the loss, and name its price.
#
# **You need** chapters 1 and 3. &nbsp; **Time** about 38 minutes of yours, 2 of the computer's. &nbsp; **Memory** 0.8 GB (1.3 GB with CUDA builds of PyTorch).
# &nbsp; **GPU** no. &nbsp; **Source** Chen, Kang, Abhyankar, Jin and Jia, *Data-Centric Defense: Shaping Loss Landscape with
# Augmentations to Counter Model Inversion*.
#
# If the generator of faces is missing, run `python data_scripts/fetch_dcgan.py`.

# %%
import torch
from torch.nn.functional import normalize

from mia_kit import toy
from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings, cross_entropy, run
from mia_kit.data.pictures import to_bytes
from mia_kit.defences import DataCentric, protect
from mia_kit.exercises import chapter10 as exercises
from mia_kit.figures.data_centric import before_and_after, landed_map, shares_by_defence
from mia_kit.figures.landscape import loss_surfaces
from mia_kit.figures.reproduce import check, fold, show
from mia_kit.metrics.landscape import class_loss, curvature, loss_plane
from mia_kit.models import ResidualClassifier, in_batches
from mia_kit.runs.claims import in_words
from mia_kit.runs.evidence import read_table
from mia_kit.studies.data_centric import plane, quick
from mia_kit.toy.surrogate import surrogate_cloud
from mia_kit.training import fit, one_thread
from mia_kit.widgets.panel import Guess
from mia_kit.widgets.surrogate_dragger import SurrogateDragger

# %% [markdown]
# ## Who can do something?
#
# Every other defence is the trainer's. This one is **yours**: you choose the pictures and labels that you hand in. For a class
# of m pictures there are three steps:
#
# | step | what you hand in | what it should do to the loss of your class |
# |---|---|---|
# | **injection** | m pictures of a [*surrogate*](GLOSSARY.md#surrogate), somebody else, under your label | make a second place where it is low |
# | **loss** | a fifth of your own pictures under wrong labels | raise it around you |
# | **curvature** | noisy copies of all these pictures; those of you mostly under wrong labels | make it steep around you, flat around the surrogate |
#
# An attack that walks downhill should then find the surrogate. You will build the three steps.
#
# ### Exercise 1 (5 minutes, easy): injection
#
# Complete `my_inject`. Return everybody's pictures followed by the surrogate's, and their labels. The surrogate's label is
# `own`, the protected class.
#
# <details><summary>Hint</summary><code>torch.cat</code> joins two Tensors; <code>torch.full((n,), own)</code> makes n labels.</details>


# %% tags=["exercise"]
def my_inject(pictures, labels, surrogates, own):
    return pictures, labels  # change this line


exercises.check_inject(my_inject)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_inject(pictures, labels, surrogates, own):
    theirs = torch.full((len(surrogates),), own)
    return torch.cat([pictures, surrogates]), torch.cat([labels, theirs])


exercises.check_inject(my_inject)

# %% [markdown]
# ### Exercise 2 (10 minutes, medium): wrong labels
#
# Complete `my_mislabel`. A random `share` of the pictures of class `own` gets a wrong label. Every other one of the `classes` is
# as likely.
#
# <details><summary>Hint 1</summary><code>(labels == own).nonzero()[:, 0]</code> are the places;
# <code>torch.randperm(n, generator=generator)</code> shuffles them.</details>
# <details><summary>Hint 2</summary>Draw from <code>classes - 1</code> numbers, then add 1 to those that are at least
# <code>own</code>: the class itself is left out.</details>


# %% tags=["exercise"]
def my_mislabel(labels, own, share, classes, generator):
    return labels.clone()  # change some of them


exercises.check_mislabel(my_mislabel)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_mislabel(labels, own, share, classes, generator):
    places = (labels == own).nonzero()[:, 0]
    order = torch.randperm(len(places), generator=generator)
    places = places[order[: int(share * len(places))]]
    wrong = torch.randint(classes - 1, (len(places),), generator=generator)
    labels = labels.clone()
    labels[places] = wrong + (wrong >= own)
    return labels


exercises.check_mislabel(my_mislabel)

# %% [markdown]
# ### Exercise 3 (5 minutes, easy): noisy copies
#
# Complete `my_copies`. Pictures lie in [-1, 1]: black is -1, white is 1. The noise has a standard deviation of `deviation` times
# the way from black to white. The paper takes 8/255 for copies of your own pictures and 0.003 for the surrogate's.
#
# <details><summary>Hint</summary><code>torch.randn(pictures.shape, generator=generator)</code>, and
# <code>.clamp(-1, 1)</code> at the end.</details>


# %% tags=["exercise"]
def my_copies(pictures, deviation, generator):
    return pictures  # change this line


exercises.check_copies(my_copies)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_copies(pictures, deviation, generator):
    noise = torch.randn(pictures.shape, generator=generator)
    return (pictures + 2 * deviation * noise).clamp(-1, 1)


exercises.check_copies(my_copies)

# %% [markdown]
# From here on `mia_kit.defences.protect` does the three steps (`protect??` shows its source). Copies of the surrogate keep the
# label. Of your own copies, a half or all get a wrong one.
#
# ## In the plane: walk downhill
#
# Class 2 of chapter 1, at the top right, protects itself. A point is a picture of two pixels. The surrogate is a cloud in the
# middle. We train two models and attack both from the same start.

# %% tags=["nbval-ignore-output", "seconds-30"]
clouds = toy.make_data(150)
surrogate = surrogate_cloud((0, 2), 50, seed=0)
protected = protect(
    clouds.points, clouds.labels, [2], seed=0, surrogates={2: surrogate},
    settings=DataCentric(copies_mislabelled=0.5), limits=(-16, 16),
)  # fmt: skip
models = {
    "undefended": toy.train(0.0, data=clouds, steps=1500),
    "all three steps": toy.train(0.0, data=toy.ToyData(protected.images, protected.labels), steps=1500),
}

# %% tags=["nbval-ignore-output"]
for name, model in models.items():
    point = torch.tensor([[-3.0, -10.0]], requires_grad=True)
    walk = torch.optim.Adam([point], lr=0.1)
    for _ in range(400):
        walk.zero_grad()
        loss = -model(point).log_softmax(dim=1)[0, 2]  # the attacker wants class 2
        loss.backward()
        walk.step()
    to_class, to_surrogate = ((cloud - point.detach()).norm(dim=1).min() for cloud in (clouds.of_class(2), surrogate))
    print(f"{name:16} ends {to_class:4.1f} from class 2 and {to_surrogate:4.1f} from the surrogate")

# %% [markdown]
# The same attack ends in another valley. Is this start typical, and how much does each step do? Ten seeds, five starts
# each, the surrogate in the middle:

# %% tags=["nbval-ignore-output", "seconds-30"]
with one_thread():
    ends = plane.by_steps()
for name, landed in ends.items():
    at_surrogate, at_class = (landed.to_surrogate < 2).mean(), (landed.to_protected < 2).mean()
    print(f"{name:21} {at_surrogate:4.0%} end within 2 of the surrogate, {at_class:4.0%} within 2 of class 2")

# %% [markdown]
# In the plane injection does nearly all of it. Without a defence few of these walks reach class 2 at all: the start above
# was a lucky one for the attacker.
#
# **Predict first.** Where must the surrogate stand so that most attacks end on it: beside class 2, in the middle, or far behind
# another class? The attacks start at the five grey crosses.

# %% tags=["nbval-ignore-output", "seconds-30"]
with one_thread():
    table = plane.surrogate_table()
SurrogateDragger(
    table,
    guess=Guess("Most attacks end on a surrogate", ("beside class 2", "in the middle", "behind another class")),
)

# %% tags=["nbval-ignore-output"]
landed = landed_map(table)
show("10.1", landed)

# %%
check("10.1", landed, tolerance=0.15)

# %% [markdown]
# Every square is two models, each attacked from five starts. In the middle nearly all attacks end on the surrogate: it
# lies on their way. In the far corners half do, or fewer. At (7, 7), beside class 2, they end on it too, and it protects nobody.
# So a surrogate should lie on the way *and* be unlike you. With faces, only unlikeness can be chosen.
#
# ## The same with faces
#
# Forty drawn people with twenty photographs each. None of them exists, so we may show everything. Four protect themselves. Each
# has a stranger who is no class of the target: otherwise the same face would stand under two labels.

# %% tags=["nbval-ignore-output", "seconds-45"]
scene = quick.set_up()
given = protect(
    scene.images, scene.labels, [0, 1, 2, 3], seed=0, surrogates=scene.strangers,
    settings=DataCentric(copies_mislabelled=0.5),
)  # fmt: skip
handed_in = {"undefended": (scene.images, scene.labels), "all three steps": (given.images, given.labels)}
targets = {}
for name, (images, labels) in handed_in.items():
    targets[name] = ResidualClassifier(3, 40, seed=0, width=16)
    with one_thread():
        fit(targets[name], images, labels, seed=0, epochs=15, batch_size=32, progress=False)
    right = in_batches(targets[name], scene.test_images).argmax(dim=1) == scene.test_labels
    theirs = scene.test_labels < 4
    print(f"{name}: right on {right[theirs].float().mean():.0%} of the four's new photographs, "
          f"{right[~theirs].float().mean():.0%} of the others'")  # fmt: skip
print(f"pictures of a protected class: {int((given.labels == 0).sum())}, of another: {int((given.labels == 9).sum())}")

# %% [markdown]
# **Predict.** The attack looks for the four people. Whose face will it bring back from each target?

# %% tags=["nbval-ignore-output", "seconds-45"]
attack = Settings(input_size=(32, 32), pool=400, candidates=1, keep=1, steps=60, learning_rate=0.02, selection_views=1)
truth, strangers = scene.truth
rows, nearer = {"the person": truth, "their surrogate": strangers}, {}
for name, model in targets.items():
    with one_thread():
        result = run(
            WhiteBox(model),
            [0, 1, 2, 3],
            prior=scene.prior,
            seed=0,
            settings=attack,
            loss=cross_entropy,
            progress=False,
        )
    rows[name] = quick.as_seen(result.images)
    to_person, to_surrogate = ((normalize(result.codes) * normalize(codes)).sum(dim=1) for codes in scene.latents)
    nearer[name] = (to_surrogate > to_person).numpy()
    print(
        f"{name}: cosine with the person's latent {to_person.mean():.2f}, with the surrogate's {to_surrogate.mean():.2f}"
    )

# %% tags=["nbval-ignore-output"]
pictures = {name: to_bytes(images).permute(0, 2, 3, 1).numpy() for name, images in rows.items()}
faces = before_and_after(pictures, nearer, title="Truth, surrogate, and what the attack brings back")
show("10.2", faces)

# %%
check("10.2", faces, tolerance=0.5)

# %% [markdown]
# Compare rows three and four with the truth and with the surrogates. A [latent](GLOSSARY.md#latent-and-code) is the
# generator's code of a face: a cosine of 1 is the person, 0 is anybody. One tile is dark because the second surrogate's
# picture is dark. Four people are no proof.
#
# ## What happened to the loss?
#
# The plane goes through a photograph of a protected person and one of the surrogate. Turn the surfaces.

# %% tags=["nbval-ignore-output"]
person, stand_in = scene.images[scene.labels == 0], scene.strangers[0]
losses = {name: class_loss(model, 0) for name, model in targets.items()}
surfaces = loss_surfaces(
    {name: loss_plane(loss, person[0], stand_in[0], seed=0, cells=25) for name, loss in losses.items()}
)
show("10.3", surfaces)

# %%
check("10.3", surfaces, tolerance=0.5)

# %% [markdown]
# Undefended, the surrogate is a stranger and lies high. Defended, there is a second valley: the trainer was told that this, too,
# is the protected person.
#
# ### Exercise 4 (12 minutes, hard): curvature without a Hessian
#
# Step 3 wants a loss that is steep around you and flat around the surrogate. A picture of 32 x 32 in colour has a Hessian of 9 million
# numbers. You do not need it: `product(v)` gives the Hessian times `v`. Complete `my_curvature`: repeat `steps` times
# v ← Hv / |Hv|, then return v · Hv, the eigenvalue of greatest size.
#
# <details><summary>Hint 1</summary>Every product makes the part along the greatest eigenvalue grow most.</details>
# <details><summary>Hint 2</summary><code>vector = product(vector)</code>, then <code>vector = vector / vector.norm()</code>.</details>


# %% tags=["exercise"]
def my_curvature(product, vector, steps):
    return vector @ product(vector) / (vector @ vector)  # repeat the product first


exercises.check_curvature(my_curvature)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_curvature(product, vector, steps):
    for _ in range(steps):
        vector = product(vector)
        vector = vector / vector.norm()
    return vector @ product(vector)


exercises.check_curvature(my_curvature)

# %% tags=["nbval-ignore-output"]
for name, loss in losses.items():
    bends = [float(curvature(loss, side[:1], seed=0, iterations=20).values[0]) for side in (person, stand_in)]
    print(f"{name:16} greatest curvature at the person {bends[0]:.3g}, at the surrogate {bends[1]:.3g}")

# %% [markdown]
# This is one photograph of each. The surrogate became far flatter and the person steeper, as step three wants. Still the
# person lies in the flatter place.
#
# ## Measured: twelve people, three seeds
#
# Four groups of three of forty drawn people protect themselves, each group in a training set of its own, with three
# [seeds](GLOSSARY.md#seed): `mia-kit run data_centric_class`. About 5 % of the pictures in the other classes are then wrong. In
# the paper it is 1 %; `mia-kit run data_centric_drawn` is nearer to it.

# %% tags=["nbval-ignore-output"]
measured = read_table("data_centric_class")
recognised = quick.shares(measured, "attack", measure="acc1", defence=["none", "dcd", "dp_sgd", "mid"])
under_attack = shares_by_defence(
    recognised, {"ppa": "PPA", "mirror": "MIRROR", "mirror_black_box": "MIRROR without gradients"},
    title="Reconstructions that an evaluator recognises",
)  # fmt: skip
show("10.4", under_attack)

# %%
check("10.4", under_attack, tolerance=0.001)

# %% tags=["nbval-ignore-output"]
shown = quick.shares(measured, "measure", attack="ppa", measure=["acc1", "nearer_surrogate"])
names = {"acc1": "recognised as the person", "nearer_surrogate": "nearer to the surrogate"}
by_step = shares_by_defence(shown, names, title="Whom Plug & Play brings back, step by step")
show("10.5", by_step)

# %%
check("10.5", by_step, tolerance=0.001)

# %%
whole = measured[measured["attack"].isna()].pivot_table(index="defence", columns="measure", values="value")
shown = [
    "accuracy",
    "accuracy_protected",
    "loss_person",
    "loss_surrogate",
    "class_size",
    "wrong_labels",
    "detector_auc",
]
whole[shown].round(2)

# %% [markdown]
# * **Fewer are recognised.** Without a defence the [evaluator](GLOSSARY.md#evaluator) recognises 94 % [82 %,
#   100 %] of Plug & Play's reconstructions ([PPA](GLOSSARY.md#ppa)). With it, it recognises 17 % [3 %, 33 %]; the
#   [placebo](GLOSSARY.md#placebo) has 25 % [0 %, 61 %]. No attacker knew the defence.
# * **Whom do they show?** 83 % lie nearer to the surrogate than to the person. Yet an embedding takes few for the
#   surrogate: 0.111 [0, 0.25] of them, and the rule *cannot tell* (claim D6).
# * **The rule is stricter** (claim D2): *not testable here*. What the walk adds to the best pictures of the attacker's pool
#   is 0.389 [−0.042, 0.82]: with three seeds perhaps nothing. Under MIRROR with gradients the fall is *reproduced*.
# * **It is not free.** Accuracy falls by 0.0262 [−0.0322, 0.0847]: three seeds cannot tell whether that is more than 5
#   points. On the protected people's photographs it falls from 0.88 to 0.71.
# * **The rivals.** DP-SGD is right on 28 %: it knows few people. MID at this strength hides nobody: 92 %.
# * **The steps.** Without injection 81 % are recognised, with it alone 47 %. The intervals are wide, and D5 is *not
#   testable here*.
# * **A trainer can notice** (claim D7): a detector finds what was handed in with an area of 0.96, where a guess has 0.5.
#
# <details><summary>Traffic signs, and the paper's table</summary>
#
# Six of fifteen signs protect themselves against GMI, three seeds. GMI brings back little. Without a defence the
# evaluator recognises 44 % of its pictures, and 39 % of its starts. The [placebo](GLOSSARY.md#placebo) has 17 %. So
# what the defence takes is *not testable here*. It costs 3 points of accuracy. DP-SGD costs more than half.
#
# The paper's table 1 (accuracy / attack accuracy, per cent):
#
# | defence | GMI, signs | PPA, CelebA | MIRROR, white box | MIRROR, black box |
# |---|---|---|---|---|
# | none | 98.3 / 76.1 | 88.4 / 90.4 | 100.0 / 100.0 | 100.0 / 100.0 |
# | DP-SGD | 54.3 / 12.8 | 39.6 / 14.3 | 56.3 / 54.7 | 56.3 / 50.0 |
# | MID | 67.7 / 54.5 | 69.5 / 52.3 | 41.3 / 100.0 | 41.3 / 12.5 |
# | data-centric | 95.9 / 0.0 | 88.1 / 1.0 | 96.9 / 0.0 | 96.9 / 0.0 |
#
# </details>

# %% tags=["nbval-ignore-output"] jupyter={"source_hidden": true}
signs = read_table("data_centric_signs")
for name, table in (("data_centric_class", measured), ("data_centric_signs", signs)):
    words, parts = in_words(name, table)
    print(words)
    fold(f"Every part of {name}, with its interval", parts)
quick.shares(signs, "attack", measure="acc1", defence="none").round(2)

# %% [markdown]
# ## Where it ends
#
# * **The trainer can count.** A protected class is more than three times as large as the others. To a trainer, protection and
#   poisoning look the same: whoever is noticed is thrown out, or asked.
# * **The surrogate may be a person.** Use made-up faces, or people who agreed.
# * **The whole class must act.** If others hand in your photographs unchanged, the valley around you stays.
# * **The others pay a little.** Wrong labels land on their classes.
# * **It hides you from one question.** Nobody here has measured what it does to membership (chapter 11).
#
# ## Quiz
#
# 1. Attack accuracy falls to 0. Why is that not enough?
# <details><summary>Answer</summary>An attack may fail because it finds nothing or because it finds somebody else. Ask how near
# the reconstruction lies to the protected person <em>and</em> to the surrogate, with photographs that no target saw.</details>
#
# 2. Why must the surrogate not be one of the target's classes?
# <details><summary>Answer</summary>The same pictures would stand under two labels, and the other class would lose its
# accuracy.</details>
#
# 3. The noise on copies of surrogates has a deviation of 0.003. What happens if the pictures are saved with 8 bits?
# <details><summary>Answer</summary>It is less than one grey level (0.0039). About half of the pixels are rounded back, and the
# others jump by a whole level: that is another noise than the one you asked for.</details>
#
# ## Three sentences to remember
#
# 1. A contributor can mislead an attack by nothing but pictures and labels, at a price in accuracy.
# 2. An attack that misses a person may have found another one, so ask whom the reconstruction shows.
# 3. What protects you looks like poison to the trainer, can be noticed, and needs somebody to hide behind.

# %%
shares = recognised[recognised["attack"] == "ppa"].set_index("defence")
bare, hidden = (f"{row.value:.0%} [{row.low:.0%}, {row.high:.0%}]" for row in shares.loc[["none", "dcd"]].itertuples())
print(
    f"Finding: where people change what they hand in, the evaluator recognises {hidden} of Plug & Play's "
    f"reconstructions instead of {bare}, and a detector finds what they handed in with an area of "
    f"{whole['detector_auc']['dcd']:.2f}."
)
