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
# # 8. The attacker strikes back: shield or mirage?
#
# **You will be able to** tell a defence that hides people from one that hides a gradient. You will write the loss that shows which.
#
# **You need** chapters 3 and 5. &nbsp; **Time** about 40 minutes of yours, 2 of the computer's. &nbsp; **Memory** 0.8 GB (1.3 GB with CUDA builds of PyTorch).
# &nbsp; **GPU** no. &nbsp; **Sources** Carlini and Wagner (S&P 2017); Athalye, Carlini and Wagner, *Obfuscated Gradients Give
# a False Sense of Security* (ICML 2018); the open questions of *Be Careful What You Smooth For* (ICLR 2024).
#
# No generator of faces yet? Run `python data_scripts/fetch_dcgan.py`.

# %%
from functools import partial

import pandas as pd
import torch
from torch.nn.functional import cross_entropy, interpolate

from mia_kit.attacks.losses import LOSSES
from mia_kit.data.pictures import to_bytes
from mia_kit.exercises import chapter08 as exercises
from mia_kit.figures.judges import agreement_bars
from mia_kit.figures.reproduce import check, show, show_measured
from mia_kit.figures.striking import attacked_wall, differences, gradients_on_the_way
from mia_kit.models import load_dcgan
from mia_kit.runs.claims import judge, read_claims
from mia_kit.runs.compare import difference, intervals
from mia_kit.runs.evidence import stored_tables
from mia_kit.studies.inversion import shipped
from mia_kit.studies.inversion.agreement import agreement

# %% [markdown]
# ## A shield
#
# In chapter 5 an attacker with cross-entropy stood still before a target with a factor of −0.20. Is the person safe
# now, or does only this attack fail? Take eight people who do not exist, and two targets: [hard
# labels](GLOSSARY.md#hard-labels) and −0.20. The attacker begins with the best of a thousand faces. Take the gradient
# at that face, with respect to its 100 numbers.
#
# **Predict first.** How much shorter is the gradient at −0.20: half, a hundredth, or less?

# %% tags=["nbval-ignore-output", "seconds-30"]
people, targets, prior = list(range(8)), torch.arange(8), load_dcgan()
models = {factor: shipped.shipped_target(factor) for factor in (0.0, -0.2)}
starts = {factor: next(shipped.walk(model, people, LOSSES["cross_entropy"]))[0] for factor, model in models.items()}


def logits_of(model, codes):
    """What a target says of the faces of codes, of shape (n, 100)."""
    return model(interpolate(prior.synthesise(codes), (32, 32), mode="bilinear", antialias=True))


for factor, model in models.items():
    codes = starts[factor].clone().requires_grad_()
    loss = cross_entropy(logits_of(model, codes), targets, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, codes)
    print(f"factor {factor:+.2f}: the median gradient has a length of {gradient.norm(dim=1).median():.0e}")

# %% [markdown]
# The gradient of cross-entropy with respect to the [logits](GLOSSARY.md#logit) is *confidence minus
# [one-hot](GLOSSARY.md#one-hot-label)*. Negative smoothing pushes the person's logit far above all others. So the
# confidence rounds to 1 as soon as the face lies in the person's class. One minus one leaves no gradient to follow.
# Athalye and others call this [**gradient masking**](GLOSSARY.md#gradient-masking).
#
# ## An attacker who knows
#
# Somebody who knows how the target was trained changes one line, the loss:
#
# | loss | what it changes |
# |---|---|
# | **raw logit** | no softmax at all: raise the person's logit (LOMMA) |
# | [**margin loss**](GLOSSARY.md#margin-loss) | hold the person's logit against the greatest other (Carlini and Wagner; PLG-MI) |
# | **others down** | hold it against the mean of all others |
# | **Poincaré** | scale the logits first (chapter 3) |
# | **temperature** | divide the logits before the softmax |
# | **boundary distance** | the margin loss as a distance in the last hidden layer |
#
# The last two are yours to write.
#
# ### Exercise 1 (5 minutes, easy): a temperature
#
# A softmax that is full has no gradient. Divide the logits by `temperature`, and it is no longer full. Return the
# cross-entropy of these logits, one number for each image.
#
# <details><summary>Hint</summary><code>cross_entropy(..., reduction="none")</code> gives one loss for each image.</details>


# %% tags=["exercise"]
def my_tempered(logits, targets, temperature=30.0):
    return cross_entropy(logits, targets, reduction="none")  # change this line


exercises.check_tempered(my_tempered)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_tempered(logits, targets, temperature=30.0):
    return cross_entropy(logits / temperature, targets, reduction="none")


exercises.check_tempered(my_tempered)

# %% [markdown]
# ### Exercise 2 (10 minutes, medium): the distance to the boundary
#
# The last layer is linear. So the boundary between person $y$ and person $j$ is a plane in the features, and the
# distance to it is $(l_y - l_j) / |w_y - w_j|$: a difference of logits, divided by how far apart the two rows of
# `weight` lie. Training can blow up logits and weights alike; the distance stays the same. Take the nearest plane, and
# return minus its distance. `ahead` is given: how far each other logit lies above the person's.
#
# <details><summary>Hint 1</summary><code>weight[targets][:, None] - weight</code> has the shape (n, classes, d); its
# <code>.norm(dim=2)</code> is what you divide by.</details>
# <details><summary>Hint 2</summary>The person's own row lies 0 away from itself. Set that entry to 1 with
# <code>.scatter(1, targets[:, None], 1.0)</code>; its <code>ahead</code> is minus infinity already.</details>


# %% tags=["exercise"]
def my_boundary(logits, targets, weight):
    ahead = logits.scatter(1, targets[:, None], -torch.inf) - logits.gather(1, targets[:, None])  # (n, classes)
    return ahead.amax(dim=1)  # change this line


exercises.check_boundary(my_boundary)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_boundary(logits, targets, weight):
    ahead = logits.scatter(1, targets[:, None], -torch.inf) - logits.gather(1, targets[:, None])  # (n, classes)
    apart = (weight[targets][:, None] - weight).norm(dim=2).scatter(1, targets[:, None], 1.0)
    return (ahead / apart).amax(dim=1)


exercises.check_boundary(my_boundary)

# %% [markdown]
# ## A mirage
#
# We know the people, so we can draw the whole way. Here are eleven faces on the straight line from the attacker's first
# face to the person. At each face take the gradient of all seven losses.

# %% tags=["nbval-ignore-output", "seconds-30"]
truth, rows = shipped.true_latents()[people], []
for factor, model in models.items():
    losses = {name: LOSSES[name] for name in ("cross_entropy", "poincare", "logit", "margin", "others_down")}
    losses |= {"temperature": my_tempered, "boundary": partial(my_boundary, weight=model.head.weight)}
    for share in torch.linspace(0, 1, 11):
        codes = starts[factor].lerp(truth, share).requires_grad_()
        logits = logits_of(model, codes)
        for name, loss in losses.items():
            (gradient,) = torch.autograd.grad(loss(logits, targets).sum(), codes, retain_graph=True)
            rows.append([factor, share.item(), name, gradient.norm(dim=1).median().item()])
norms = pd.DataFrame(rows, columns=["strength", "share", "loss", "value"])
way = gradients_on_the_way(norms)
show("8.1", way)

# %%
check("8.1", way, tolerance=0.05)

# %% [markdown]
# Losses differ in scale, so compare points on one line. With hard labels cross-entropy fades on the way too: its
# softmax fills up late. At −0.20 it is gone before the walk begins. The other six still have a gradient on the whole
# way, in both panels. What negative smoothing removed is the gradient of one loss.
#
# ## Strike
#
# Now walk. Three attacks on the target at −0.20, from the same faces with the same crops: cross-entropy, and your two losses.
#
# **Predict first.** Which rows will look like the last one?

# %% tags=["nbval-ignore-output", "seconds-60"]
negative, faces = models[-0.2], {"start": starts[-0.2]}
attacks = {"cross-entropy": LOSSES["cross_entropy"], "your temperature": my_tempered}
attacks["your boundary"] = partial(my_boundary, weight=negative.head.weight)
for name, loss in attacks.items():
    *_, (faces[name], _) = shipped.walk(negative, people, loss)
faces["the person"] = truth
with torch.no_grad():
    images = torch.stack([prior.synthesise(codes) for codes in faces.values()])  # (5, 8, 3, 64, 64)
names = [f"person {number}" for number in people]
struck = attacked_wall(to_bytes(images).numpy(), rows=list(faces), columns=names)
show("8.2", struck)

# %%
check("8.2", struck, tolerance=0.05)

# %% tags=["nbval-ignore-output"]
for name, pictures in zip(faces, images, strict=True):
    ranks = shipped.judged(pictures, people)["rank"]
    print(f"{name}: the evaluator recognises {(ranks == 1).sum()} of {len(people)}")

# %% [markdown]
# Eight people are few, so look at the faces too. In our run the pictures changed by 0.03 with cross-entropy. With your
# losses it was 0.12 and more (1 is black to white). Whom the evaluator recognises in that row was found by the first stage,
# which needs no gradient.
#
# ## How to tell a shield from a mirage
#
# Of nine published defences against adversarial examples, Athalye and others broke six, and a seventh in part. Ask
# their signs of a defence against inversion:
#
# | sign of a masked gradient | how you look |
# |---|---|
# | the attack stops, though it has steps left | draw the length of the gradient, as in figure 8.1 |
# | another loss on the same network goes on | swap one line, as you did |
# | an attack without gradients does better | chapter 6 has some |
# | more steps or more starts do not help | draw leakage against steps, as in chapter 5 |
#
# Their rule holds for every defence in this course: **it is judged by the attacker who knows it**. And the attack must gain
# on the defended model *more than elsewhere*.
#
# ## More than eight people
#
# Three [claims](GLOSSARY.md#claim) hold that rule. S16 and S23 ask about losses that do not saturate, S17 about attacks made
# for this defence.

# %% tags=["nbval-ignore-output"]
TABLES = {"smoothing_drawn", "adaptive_drawn", "side_effects_drawn"}
tables = stored_tables(TABLES)


def tabled(parts):
    """The table of names and their estimates."""
    rows = [[name, estimate.estimate, estimate.low, estimate.high] for name, estimate in parts]
    return pd.DataFrame(rows, columns=["name", "value", "low", "high"])


def ask(**claims):
    """Print the rule's word for each claim, and give every part that has an estimate, with its interval."""
    parts = []
    for claim in read_claims():
        for verdict in judge(claim, tables) if claim.id in claims else ():
            if verdict.table in TABLES:
                print(f"{claim.id}: {verdict.word}. {claim.claim}")
                named = [(part.name.replace("-0.2", "−0.20"), part.estimate) for part in verdict.parts if part.estimate]
                parts += [(f"{claims[claim.id]}, {name}", estimate) for name, estimate in named]
    return tabled(parts)


struck_back = ask(S16="S16", S17="S17", S23="S23")
if len(struck_back):
    show_measured(differences(struck_back, title="What each loss gains or loses, in shares of people"))

# %% [markdown]
# Each mark is a difference. Chance may explain it unless its bar excludes 0. At −0.20 a temperature wins back 0.367
# [0.213, 0.520] of the people, beyond what it gains on hard labels. The boundary distance wins 0.358 [0.109, 0.607]. *Others
# down* stays open.
#
# The attacker chooses an optimiser, too. Adam divides each step by the size of the gradients so far. Plain gradient
# descent (SGD) does not.

# %% tags=["nbval-ignore-output"]
adaptive = tables["adaptive_drawn"]
by_optimiser = []
for strength, name in {-0.2: "−0.20", 0.0: "hard labels", 0.1: "+0.10"}.items():
    where = {"attack": "ppa", "loss": "cross_entropy", "strength": strength, "steps": 200}
    gap = difference(
        adaptive, measure="acc1", treated={"optimiser": "sgd"}, baseline={"optimiser": "adam"}, where=where
    )
    norm = intervals(adaptive, "norm", ["steps"], where | {"optimiser": "adam", "steps": [0, 5]})["value"]
    print(f"{name}: SGD minus Adam {gap}; Adam's gradients {norm[0]:.0e}, after five steps {norm[1]:.0e}")
    by_optimiser.append((name, gap))
show_measured(differences(tabled(by_optimiser), title="SGD less Adam, under cross-entropy, in shares of people"))

# %% [markdown]
# <details><summary>Is a short gradient as good as a long one?</summary>
#
# Not for SGD, which finds 0.267 [0.172, 0.362] fewer people with hard labels. To each size Adam adds 1e-08 before it
# divides by it, and after five steps at −0.20 the gradients are smaller than that. So there Adam stands still as well: the
# difference is −0.112 [−0.347, 0.122], which three seeds cannot tell from none.
# </details>
#
# ## Whose word?
#
# *Recognised* is the word of one network, the [evaluator](GLOSSARY.md#evaluator), which an attack can persuade without
# showing the person. So ask a [second judge](GLOSSARY.md#second-judge), trained on photographs of its own. The third
# judge is no network. A drawn person *is* a latent. The attack came *near* if its latent is closer to that one than 99
# of 100 random ones. All judge the same pictures of 80 people.

# %% tags=["nbval-ignore-output"]
attacks = {"placebo": {"attack": "placebo", "loss": "cross_entropy"}}
for name, loss in {"cross-entropy": "cross_entropy", "Poincaré": "poincare"}.items():
    for factor, label in {-0.2: "−0.20", 0.0: "hard labels", 0.2: "+0.20"}.items():
        attacks[f"{name}, {label}"] = {"attack": "ppa", "loss": loss, "strength": factor}
attacks = {name: {**where, "steps": 200} for name, where in attacks.items()} | {"the true latent": {"attack": "truth"}}
words = agreement(tables["smoothing_drawn"], attacks)
both = agreement_bars(words, title="Who recognises the person?")
show("8.3", both)

# %%
check("8.3", both, tolerance=0.001)
words[words["group"].isin(["cross-entropy, −0.20", "cross-entropy, hard labels"])].round(2)

# %% [markdown]
# * **Two networks.** At −0.20 and with cross-entropy 22 % [16 %, 29 %] of reconstructions persuade the evaluator alone.
#   With hard labels those are 16 % [10 %, 23 %]. Of all it recognises ([Acc@1](GLOSSARY.md#acc1)) that is two in five,
#   and fewer than one in five.
# * **And the truth.** With hard labels both networks name the person in 16 % [11 %, 22 %] that are near the latent, and
#   in 58 % [51 %, 65 %] that are far from it. A face can convince two networks and lie elsewhere among the faces.
#
# No rule was committed here: read it as a look.
#
# ## What remains true of negative smoothing
#
# * It takes the gradient from an attack off the shelf, if that attack uses cross-entropy. The attacker's answer is one
#   line.
# * That line needs logits. A service that answers with a few digits of confidence says 1, and no division brings back
#   what was rounded away.
# * It changes the network: [margins](GLOSSARY.md#margin) grow. What *other* attackers make of that comes next.
#
# ## What else does smoothing do?
#
# A defence against one attack may open another door:
#
# | attack | the attacker wants | how it is measured |
# |---|---|---|
# | **adversarial examples** | a wrong answer, by a change that nobody sees | photographs that stay right, under two losses |
# | [**membership inference**](GLOSSARY.md#membership-inference) | to know whether a photograph was in the training data | the area under each person's ROC curve |
# | **model stealing** | a copy, by questions alone | how often a copy, trained on the answers, agrees with the target |
#
# <details><summary>Why two losses?</summary>The first door has a mirage of its own: an attack by cross-entropy fails on a
# saturated model because it is blind. So a photograph counts as safe only if it withstands the margin loss as
# well.</details>

# %% tags=["nbval-ignore-output"]
aside = ask(S19="robust accuracy", S20="area of membership", S21="agreement of a copy")
if len(aside):
    show_measured(differences(aside, title="Side effects of −0.20, less hard labels"))

# %% [markdown]
# These are the targets of chapter 5, three seeds (`mia-kit run side_effects_drawn`). Here −0.20 opens no other door. The
# area of membership inference falls: −0.078 [−0.103, −0.053]. A stolen copy agrees less often: −0.073 [−0.096, −0.050]. The
# photographs that withstand both losses are about as many: −0.022 [−0.059, 0.015]. The membership
# attacker and the thief did not know the defence, so a mirage may be at work here too.
#
# ## The finding

# %% tags=["nbval-ignore-output"]
first = norms[norms["share"] == 0].set_index(["strength", "loss"])["value"]
print(
    f"Finding: at the attacker's first face a factor of -0.2 shortens the gradient of cross-entropy from "
    f"{first[0.0, 'cross_entropy']:.1g} to {first[-0.2, 'cross_entropy']:.0e}; that of the raw logit is "
    f"{first[0.0, 'logit']:.0f} and {first[-0.2, 'logit']:.0f}: the shield stands before one loss, not before the person."
)

# %% [markdown]
# <details><summary><b>Open questions, as projects</b></summary>
#
# 1. **Adapt the selection.** An attacker chooses their best picture by confidence, which a full softmax cannot rank.
#    Select by your boundary distance instead. Does the choice between several starts improve?
# 2. **Attack the ramp.** A negative factor is added in the second half of training only, by a *ramp*. If a checkpoint
#    from before it leaks, is the defence worth anything? Measure with `fit(..., stop_epoch=...)`.
# 3. **More digits.** Take the gradient of cross-entropy in float64 at −0.20, and scale it to length 1. Which of the
#    other losses does its direction resemble?
# </details>
#
# ## Quiz
#
# 1. An adapted attack gains ten points on the defended model and ten on the undefended one. What did it show?
# <details><summary>Answer</summary>That it is a better attack. The defence is worth as much, or as little, as before.</details>
#
# 2. Why does a temperature do nothing for the Poincaré loss?
# <details><summary>Answer</summary>That loss divides the logits by the sum of their sizes first. Whatever they were divided
# by before falls out.</details>
#
# 3. A model keeps all its right answers under an attack by cross-entropy, however large the change may be. Is it robust?
# <details><summary>Answer</summary>A change without a limit can turn any picture into another. An attack that fails even
# then has lost its gradient.</details>
#
# ## Three sentences to remember
#
# 1. A defence is judged by the attacker who knows it.
# 2. Where the gradient of one loss is gone, another loss may still have one.
# 3. An attack breaks a defence if it gains more there than elsewhere.
