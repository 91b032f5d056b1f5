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
# # 6. The attack zoo: one small change for each attack
#
# **You will be able to** say what an attacker must be given, and turn [Plug & Play](GLOSSARY.md#ppa) into six others.
# You will write a loss that still has a gradient when the target is sure.
#
# **You need** chapter 3; chapter 5 helps. &nbsp; **Time** about 35 minutes of yours, 2 of the computer's. &nbsp; **Memory** 0.8 GB (1.3 GB with CUDA builds of PyTorch).
# &nbsp; **GPU** no. &nbsp; **Sources** Fredrikson and others (CCS 2015); GMI (CVPR 2020); KED-MI (ICCV 2021);
# MIRROR (NDSS 2022); BREP-MI (CVPR 2022); PPA (ICML 2022); LOMMA and PLG-MI (2023).
#
# Like chapter 3 this one needs a generator of faces: if it is missing, run `python data_scripts/fetch_dcgan.py`.

# %%
from dataclasses import asdict

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import normalize

from mia_kit.access import LabelAPI
from mia_kit.attacks import cross_entropy, logit
from mia_kit.attacks.prior_to_target import resize
from mia_kit.data.pictures import to_bytes
from mia_kit.exercises import chapter06 as exercises
from mia_kit.figures.reproduce import check, fold, show
from mia_kit.figures.zoo import attacks_by_judge, changes_by_attack, zoo_wall
from mia_kit.models import HalfPrecision, in_batches, load_dcgan, sample_latents
from mia_kit.runs.claims import in_words
from mia_kit.runs.compare import difference, intervals
from mia_kit.runs.evidence import read_table
from mia_kit.studies.inversion.attack_names import with_names
from mia_kit.studies.inversion.networks import train, untrained
from mia_kit.studies.inversion.people import Photos, identities, photograph_latents
from mia_kit.studies.inversion.recipe import Network

# %% [markdown]
# ## What is the attacker given?
#
# | [access](GLOSSARY.md#access) | the attacker sees | what it is in life |
# |---|---|---|
# | **white box** | everything, gradients too | a model on your phone, a leaked file, a client in federated learning |
# | **confidences** | a number for each class | a service that reports how sure it is |
# | **labels** | the name of one class | a door that opens or does not |
#
# We attack twelve of 24 *drawn people*. They do not exist, so we may show them. Each has 30 photographs: half of them
# train the [target](GLOSSARY.md#target), half the [evaluator](GLOSSARY.md#evaluator), which the attacker never touches.

# %% tags=["nbval-ignore-output", "seconds-60"]
prior = load_dcgan()
truth = identities(24, 100)  # one latent a person
photographed = photograph_latents(truth, 30, 0.6, torch.Generator().manual_seed(0))
drawn = in_batches(lambda part: to_bytes(resize(prior.synthesise(part), (32, 32))), photographed)
drawn = drawn.view(24, 30, 3, 32, 32)


# %% tags=["nbval-ignore-output", "seconds-90"]
def trained(images, architecture, epochs):
    network = Network(architecture=architecture, epochs=epochs)
    model = untrained(network, channels=3, classes=24, size=32, seed=0)
    photos = Photos(images.flatten(0, 1), torch.arange(24).repeat_interleave(15))
    train(model, photos, network, seed=0, progress=False)
    return model.eval().requires_grad_(False)


target, evaluator = trained(drawn[:, :15], "residual", 40), trained(drawn[:, 15:], "small", 20)

# %% [markdown]
# The attacker begins with the best of 300 sampled faces for each person.

# %%
prior, people = HalfPrecision(prior), torch.arange(12)
latents = sample_latents(prior, 300, seed=0)
with torch.no_grad():
    sampled = resize(prior.synthesise(latents), (32, 32))
    start = latents[target(sampled).softmax(dim=1)[:, people].argmax(dim=0)]

# %% [markdown]
# ## Plug & Play, with a gap
#
# This walk is shorter than chapter 3's, and without its crops. An attack fills the gap with an `objective`, and may move the codes
# once more after each step.


# %%
def walk(objective, after=lambda codes: codes, steps=30):
    codes, norms = start.clone().requires_grad_(), []
    optimiser = torch.optim.Adam([codes], lr=0.02)
    for _ in range(steps):
        images = resize(prior.synthesise(codes), (32, 32))
        (codes.grad,) = torch.autograd.grad(objective(images, codes).sum(), codes)
        optimiser.step()
        codes.data = after(codes.data)
        norms.append(float(codes.grad.norm(dim=1).median()))
    return codes.detach(), norms


# %% [markdown]
# **Plug & Play** with cross-entropy is one line. **GMI** adds a critic: a network that says how real an image looks.
# Here the generator also drew the people, so the log-density of a [latent](GLOSSARY.md#latent-and-code) serves as a
# critic. **LOMMA** takes the raw [logit](GLOSSARY.md#logit), and keeps the target's features near those of public
# faces. **MIRROR** changes no loss: it clips the code to where the prior's samples lie.

# %%
with torch.no_grad():
    usual = target.features(sampled).mean(dim=0)
mean, std = latents.mean(dim=0), latents.std(dim=0)


def plug_and_play(images, codes):
    return cross_entropy(target(images), people)


def gmi(images, codes):
    return 100 * plug_and_play(images, codes) + codes.square().sum(dim=1) / 2


# %%
def lomma(images, codes):
    penalty = (target.features(images) - usual).square().mean(dim=1)
    return logit(target(images), people) + penalty


def clipped(codes):
    return codes.clamp(mean - std, mean + std)


# %% [markdown]
# **PLG-MI** minimises the [margin loss](GLOSSARY.md#margin-loss). It also trains its own generator, one that knows the
# target's classes. KED-MI trains one as well and looks for a whole distribution of latents. Training takes minutes; the
# package has both.
#
# ### Exercise 1 (10 minutes, medium): the margin loss
#
# Complete `my_margin`: `logits` has the shape (n, classes), `targets` the shape (n,). Return the greatest *other* logit
# minus the target's, of shape (n,). The attacker minimises it.
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
# **Fredrikson**, the oldest attack, has no prior. The picture itself is what moves.


# %%
def fredrikson(steps=100):
    pixels = torch.zeros(len(people), 3, 32, 32, requires_grad=True)
    for _ in range(steps):
        loss = cross_entropy(target(2 * pixels - 1), people)
        (gradient,) = torch.autograd.grad(loss.sum(), pixels)
        pixels = (pixels - 0.1 * gradient).clamp(0, 1).detach().requires_grad_()
    return 2 * pixels.detach() - 1


# %% [markdown]
# ### Exercise 2 (8 minutes, medium): no gradient at all
#
# **BREP-MI** is told labels alone. It asks about points around its code and notes which keep the label. Complete
# `my_direction`: `directions` has the shape (people, points, numbers), `inside` is True where the label held, of shape
# (people, points). Return the mean direction of the insiders minus that of the outsiders, with length 1.
#
# <details><summary>Hint</summary>Give each insider the weight 1 / (number of insiders), each outsider
# −1 / (number of outsiders), and sum. <code>normalize(sums, dim=1)</code> makes the length 1.</details>


# %% tags=["exercise"]
def my_direction(directions, inside):
    weights = inside.float()  # change this line
    return normalize((weights[:, :, None] * directions).sum(dim=1), dim=1)


exercises.check_direction(my_direction)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_direction(directions, inside):
    insiders, outsiders = inside.sum(1, keepdim=True), (~inside).sum(1, keepdim=True)
    weights = torch.where(inside, 1 / insiders, -1 / outsiders)
    return normalize((weights[:, :, None] * directions).sum(dim=1), dim=1)


exercises.check_direction(my_direction)


# %%
def labels_alone(rounds=8, points=16):
    codes, door = start.clone(), LabelAPI(target)  # who holds this has no gradient to reach for
    random = torch.Generator().manual_seed(0)
    for _ in range(rounds):
        directions = normalize(torch.randn(len(people), points, 100, generator=random), dim=2)
        around = prior.synthesise((codes[:, None] + 4 * directions).flatten(0, 1))
        inside = door.labels(resize(around, (32, 32))).view(-1, points) == people[:, None]
        codes = codes + my_direction(directions, inside)
    return codes


# %% [markdown]
# **Predict first.** Order the seven attacks below by how many of the twelve people the evaluator recognises. Write the
# first and the last down.

# %% tags=["nbval-ignore-output", "seconds-90"]
pixels = fredrikson()
latents_of = {
    "the truth": truth[people],
    "the start": start,
    "BREP-MI (labels)": labels_alone(),
    "Plug & Play": walk(plug_and_play)[0],
    "GMI": walk(gmi)[0],
    "LOMMA": walk(lomma)[0],
    "PLG-MI": walk(lambda images, codes: my_margin(target(images), people))[0],
    "MIRROR": walk(plug_and_play, after=clipped)[0],
}


# %% tags=["nbval-ignore-output", "seconds-30"]
def recognised(images):
    return (evaluator(resize(images, (32, 32))).argmax(dim=1) == people).numpy()


with torch.no_grad():
    faces = {name: prior.synthesise(codes) for name, codes in latents_of.items()} | {"Fredrikson": pixels}
hits = np.stack([recognised(images) for images in faces.values()])
pictures = [to_bytes(resize(images, (64, 64))).permute(0, 2, 3, 1).numpy() for images in faces.values()]
names = [f"person {number + 1}" for number in range(6)]
rows = [f"{name}<br>{hit.sum()} of 12" for name, hit in zip(faces, hits, strict=True)]
wall = zoo_wall(np.stack(pictures)[:, :6], hits[:, :6], attacks=rows, names=names)
show("6.1", wall)

# %%
check("6.1", wall, tolerance=0.4)

# %% [markdown]
# Fredrikson's attack has the gradients and no [prior](GLOSSARY.md#prior). In our run the evaluator recognises 2 of its
# 12 pictures, and 7 of the start's. Among the others twelve people cannot tell which is best. Look at what they can
# tell: which faces are faces.
#
# Leakage is a curve over queries, not a number. Labels alone cost many queries: each round of `labels_alone` asks about
# 16 images a person, a gradient about one. Whoever says "black-box attacks fail" must say with how many queries.
#
# ## Where a softmax has nothing left to say
#
# Cross-entropy *saturates*: once a target is sure, its gradient vanishes. A negatively smoothed target is very sure:
# the factor blows up the gaps between its logits (chapter 5). Blow them up by hand, ten times. The predicted class
# stays the same; the confidences move towards 0 and 1. The raw logit and the margin loss do not saturate.


# %% tags=["nbval-ignore-output", "seconds-90"]
def against(scale, loss):
    return lambda images, codes: loss(scale * target(images), people)


for scale in (1, 10):
    for name, loss in {"cross-entropy": cross_entropy, "raw logit": logit, "your margin": my_margin}.items():
        codes, norms = walk(against(scale, loss))
        moved = (codes - start).norm(dim=1).median()
        print(f"logits x {scale:2}, {name:13}: gradient at first {norms[0]:.0e}, the code moved by {moved:.2f}")

# %% [markdown]
# These are medians of twelve people. Blown-up logits leave cross-entropy next to no gradient, and the walk stands
# still; the gradients of the logit and the margin loss grow. The target knows as much as before, and only looks safe to
# an attacker who takes the wrong loss. This is [*gradient masking*](GLOSSARY.md#gradient-masking); chapter 8 is about
# it. Published numbers for negative smoothing (VGG-16, CelebA, 64 px, [Acc@1](GLOSSARY.md#acc1)) are mixed. Relative to
# [hard labels](GLOSSARY.md#hard-labels), the attacks with cross-entropy lose about two fifths, the others less. In
# points LOMMA on GMI loses more than GMI. These are also different attacks:
#
# | attack | loss | hard labels | negative smoothing |
# |---|---|---|---|
# | GMI | cross-entropy | 14 % | 8 % |
# | KED-MI | cross-entropy | 57 % | 33 % |
# | LOMMA on GMI | raw logit | 68 % | 49 % |
# | LOMMA on KED-MI | raw logit | 80 % | 78 % |
# | PLG-MI | margin | 96 % | 90 % |
#
# ## Twelve attacks on forty people
#
# Twelve people are a demonstration. `mia-kit run zoo_class` attacks 24 of forty drawn people, with three seeds. Each
# attack may show the target 40 images a person beside its first sample. What a GAN or a surrogate asks comes on top. The
# step size was chosen on eight other people.
# Each grey stroke is the attack's *start*: the best of its sampled pictures. An attack that does not beat it has found
# nothing by searching. The [second judge](GLOSSARY.md#second-judge) is a network of another kind. What it says is
# [named](GLOSSARY.md#named).

# %% tags=["nbval-ignore-output"]
table = read_table("zoo_class")
attacks_of = with_names(table)
by = {
    measure: intervals(attacks_of, measure, ["attack", "strength"], {"strength": 0.0}) for measure in ("named", "acc1")
}
shares = pd.concat([rows.assign(measure=measure) for measure, rows in by.items()])
shares[["low", "high"]] = shares[["low", "high"]].clip(0, 1)
hard = by["acc1"].set_index("attack")["value"]
attacks = sorted((name for name in hard.index if not name.endswith(" start")), key=hard.get, reverse=True)
zoo = attacks_by_judge(shares, labels={attack: attack for attack in attacks})
show("6.2", zoo)

# %%
check("6.2", zoo, tolerance=0.001)
asked = intervals(attacks_of, "queries", ["attack"], {"strength": 0.0}).set_index("attack")["value"]
print("images shown, a person:", ", ".join(f"{name} {asked[name]:.0f}" for name in attacks if name in asked))
for attack in ("PPA start", "MIRROR start", "Fredrikson"):
    value, low, high = shares[shares["measure"] == "acc1"].set_index("attack").loc[attack, ["value", "low", "high"]]
    print(f"{attack}: the evaluator recognises {value:.0%} [{low:.0%}, {high:.0%}]")
for measure, whose in {"acc1": "the evaluator", "named": "the second judge"}.items():
    by = {"measure": measure, "where": {"strength": 0.0}}
    gaps = {a: difference(attacks_of, treated={"attack": a}, baseline={"attack": f"{a} start"}, **by) for a in attacks}
    print(f"above their start according to {whose}:", ", ".join(a for a, gap in gaps.items() if gap.low > 0))

# %% [markdown]
# * **Plug & Play has the highest shares**, with any loss.
# * **Mended attacks find something.** LOMMA mends GMI and KED-MI with another loss. According to the evaluator its
#   attacks beat their starts, and so does PLG-MI. GMI and KED-MI themselves cannot be told from theirs. The second
#   judge confirms LOMMA on GMI alone.
# * **A good prior is half the attack.** The best of MIRROR's samples is recognised in 64 % of cases, because the same
#   generator drew the people. MIRROR's search cannot be told from it.
# * **Forty labels are few.** BREP-MI never leaves its start.
# * **Without a prior** the attack finds 11 % [0 %, 25 %].
#
# What does a factor of −0.2 change for each attack? Open diamonds are the published changes.

# %% tags=["nbval-ignore-output"]
published = {"GMI": -0.062, "KED-MI": -0.241, "LOMMA (GMI)": -0.188, "LOMMA (KED-MI)": -0.018, "PLG-MI": -0.063}
contrast = {"treated": {"strength": -0.2}, "baseline": {"strength": 0.0}}
changes = pd.DataFrame(
    {"measure": measure, "attack": attack, "strength": -0.2}
    | asdict(difference(attacks_of, measure=measure, where={"attack": attack}, **contrast))
    for measure in ("acc1", "named")
    for attack in attacks
).rename(columns={"estimate": "value"})
drawn = changes_by_attack(changes, published=published)
show("6.3", drawn)

# %%
check("6.3", drawn, tolerance=0.001)
for measure, whose in {"acc1": "the evaluator", "named": "the second judge"}.items():
    rows = changes[changes["measure"] == measure]
    seen = rows[(rows["low"] > 0) | (rows["high"] < 0)]
    print(f"changes whose interval leaves out 0 according to {whose}:", ", ".join(seen["attack"]) or "none")
least = changes[changes["measure"] == "acc1"]["least_detectable"]
print(f"least change that could have been seen: {least.min():.2f} to {least.max():.2f}, by attack")

# %% [markdown]
# **We can hardly tell.** According to the evaluator LOMMA on KED-MI, which walks down the raw logit, finds *more* people at
# −0.2, by 0.125 [0.014, 0.236]. According to the second judge Plug & Play with cross-entropy finds fewer: −0.236 [−0.452,
# −0.021]. Every other [interval](GLOSSARY.md#interval) includes 0. Of 24 intervals one may miss by chance, and large
# changes would have stayed unseen.
#
# [Claim](GLOSSARY.md#claim) S16 says that a raw logit or a margin loss undoes what negative smoothing takes from KED-MI.
# Of those attacks it is *not testable here*; of Plug & Play chapter 8 has it. S25 asks of each attack whether it beats its start and its
# [placebo](GLOSSARY.md#placebo). `mia-kit run zoo_drawn` asks both again of 200 people, with the full
# [dose](GLOSSARY.md#dose).

# %% tags=["nbval-ignore-output"]
words, parts = in_words("zoo_class", table)
print(words)
fold("Every part, with its interval", parts)

# %% [markdown]
# ## Quiz
#
# 1. A service rounds its confidences to whole per cent. Which attacks of this chapter notice?
# <details><summary>Answer</summary>Those that compare confidences: the start, and MIRROR's black box. A white box has the
# logits before they are rounded, and labels are what they were.</details>
#
# 2. Does PLG-MI need a gradient of the target?
# <details><summary>Answer</summary>Yes, twice: its generator learns from the target's margin loss, and the walk
# descends it.</details>
#
# 3. A class that BREP-MI never meets has no reconstruction. What belongs in the denominator of Acc@1?
# <details><summary>Answer</summary>Every person that was attacked. Leaving out those that were not reached would reward an
# attack for giving up.</details>
#
# ## Three sentences to remember
#
# 1. Say what the attacker was given and what they spent, or the number means nothing.
# 2. In both measurements the attack with gradients and no prior found the fewest people.
# 3. Attack a defence with a loss that does not saturate before you call it a defence.
#
# **Finding.** On forty drawn people the evaluator recognises 93 % [77 %, 100 %] of Plug & Play's reconstructions. Of its
# best sampled pictures it recognises 58 % [43 %, 74 %]. Of Fredrikson's pictures, which use no prior, it recognises 11 %
# [0 %, 25 %].
