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
# # 8. The attacker strikes back, and side effects
#
# **You will be able to** adapt an attack to a defence that you know, read its gradients, and ask what else a defence against
# one attack does to the others.
#
# **You need** chapter 7; chapter 6 helps. &nbsp; **Time** about 40 minutes of yours, 3 of the computer's. &nbsp; **Memory** 0.9 GB (1.4 GB with CUDA builds of PyTorch).
# &nbsp; **GPU** no. &nbsp; **Sources** the open questions of *Be Careful What You Smooth For* (ICLR 2024); LOMMA and PLG-MI (2023);
# Goodfellow and others (ICLR 2015); Yeom and others (CSF 2018); Tramèr and others (USENIX Security 2016).
#
# Like chapter 3 this one needs a generator of faces: if it is missing, run `python data_scripts/fetch_dcgan.py`.

# %%
from dataclasses import asdict

from mia_kit.exercises import chapter08 as exercises
from mia_kit.experiments import face_quick, striking_quick
from mia_kit.figures.reproduce import check, show
from mia_kit.figures.striking import (
    attacks_by_factor,
    gradient_norms,
    norms_of_rows,
    passes_of_rows,
    side_effects,
    side_effects_by_factor,
)
from mia_kit.runs.first_house import read_evidence, verdicts_in_words
from mia_kit.widgets.attack_wall import AttackWall

# %% [markdown]
# ## What would you do if you knew?
#
# Negative smoothing rewards a model for being surer than sure: the target's logit up, all others down, without end. To an
# attack that looks at a softmax such a model has little left to say. An attacker who knows that has choices:
#
# | attack | what it changes | why it might help |
# |---|---|---|
# | **temperature** | divides the logits before the softmax | a flat softmax has a gradient again |
# | **raw logit** | no softmax at all | never saturates |
# | **margin** | the greatest other class is held against the target | never saturates, looks at the rival |
# | **others down** | the mean of *all* other classes is held against it | undoes what smoothing did to each of them |
# | **boundary** | the margin, divided by how far apart the two classes' weights are: a distance in the features | not fooled by large weights |
# | **restarts** | three times the latents, three starts for each person | a bad start is forgiven |
#
# ### Exercise 1 (8 minutes, easy): push them all down
#
# Complete `my_others_down`: `logits` has the shape (n, classes), `targets` the shape (n,). Return the mean of the *other*
# logits minus the target's, of shape (n,): an attacker minimises it.
#
# <details><summary>Hint 1</summary><code>logits.gather(1, targets[:, None]).squeeze(1)</code> is the target's logit.</details>
# <details><summary>Hint 2</summary>The sum of the others is the sum of all, less the target's; there is one fewer of them.</details>


# %% tags=["exercise"]
def my_others_down(logits, targets):
    own = logits.gather(1, targets[:, None]).squeeze(1)
    return logits.mean(dim=1) - own  # change this line


exercises.check_others_down(my_others_down)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_others_down(logits, targets):
    own = logits.gather(1, targets[:, None]).squeeze(1)
    return (logits.sum(dim=1) - own) / (logits.shape[1] - 1) - own


exercises.check_others_down(my_others_down)

# %% [markdown]
# ## Strike
#
# Eight attacks on a target with hard labels and on one with a factor of −0.05: the same people, and but for the restarts the
# same latents and crops.
#
# **Predict first.** Which of them brings back more than the usual attack, Poincaré, from the negatively smoothed target, but
# not from the other?

# %% tags=["nbval-ignore-output", "seconds-140"]
brief = face_quick.BRIEF_EPOCHS
hard = face_quick.set_up(epochs=brief)
scenes = {0.0: hard} | {factor: face_quick.retrained(hard, factor, epochs=brief) for factor in (-0.05, 0.1)}
people = range(5)
names = hard.people.class_names[:5]
strikes = striking_quick.strike({factor: scenes[factor] for factor in (-0.05, 0.0)}, people)
shelf, attacks = strikes.shelf, list(strikes.shelf.access)

# %% tags=["nbval-ignore-output"]
AttackWall(shelf, names=names, threshold=hard.judges.threshold)

# %% tags=["nbval-ignore-output"]
norms = gradient_norms(strikes.norms, factors=shelf.factors, attacks=attacks)
show("8.1", norms)

# %%
check("8.1", norms, tolerance=0.5)

# %% tags=["nbval-ignore-output"]
passes = {factor: shelf.hits[place, -1][..., None] for place, factor in enumerate(shelf.factors)}
by_attack = attacks_by_factor(passes, attacks=attacks)
show("8.2", by_attack)

# %%
check("8.2", by_attack, tolerance=0.6)

# %% [markdown]
# **The gradients first.** They jump, for every step has new crops and five people are few. In our run the margin and the boundary
# kept on both targets about the norm that they began with; cross-entropy sank lowest, to a quarter or a third of it at times, and
# on *both* targets. A softmax that fills up is no speciality of negative smoothing, and this small target's is not so full that
# the losses which never saturate would have much to win.
#
# **Then the people.** Nearly every attack gets three of five from either target, and which of them gets one more or one less is
# chance: the bars reach from one end of the figure to the other. Drag the budget above: much of the difference between attacks
# is how fast they get there.
#
# ## A hundred people
#
# An earlier measurement asked claim S17 of 105 people with three seeds (`mia-kit run smoothing_drawn` asks it anew). Its rule was written before any of the attacks
# was measured: an adapted attack *recovers leakage* if it brings back more from the negatively smoothed targets than the
# usual attack does, **and** gains more there than on hard labels. A better attack that gains on both says nothing of the defence.

# %% tags=["nbval-ignore-output"]
rows = read_evidence("adaptive_attacks")["results"]["rows"]
course_passes, course_attacks = passes_of_rows(rows)
hundred = attacks_by_factor(course_passes, attacks=course_attacks)
show("8.3", hundred)

# %%
check("8.3", hundred, tolerance=0.02)

# %% [markdown]
# **There was nothing to recover.** The usual attack, Poincaré, gets 51 % of the people from the negatively smoothed targets and
# 50 % from those with hard labels: on these faces the defence does not hold it up in the first place (chapter 5). A softmax at
# temperature 10, the raw logit, restarts and pushing the others down bring back six to eight points more from the negatively
# smoothed targets, but with seven tries each interval has to be wide, and every one of them reaches 0. And most of the gain
# comes on hard labels as well: what these attackers found is a slightly better attack. The margin finds *less* than the usual attack.

# %% tags=["nbval-ignore-output"]
course_norms = gradient_norms(
    norms_of_rows(rows, course_attacks), factors=sorted(course_passes), attacks=course_attacks
)
show("8.4", course_norms)

# %%
check("8.4", course_norms, tolerance=0.02)

# %% [markdown]
# The gradients of a hundred people say what five could only hint at. Cross-entropy's is gone after fifty steps, less than a
# ten-thousandth of what it was, **on both targets**: its softmax is full whether or not the labels were smoothed. At a
# temperature of 10 nearly half of it is left, as with the raw logit; of Poincaré's a third. But look at figure 8.3 again: cross-entropy without a gradient has found as
# many people as Poincaré. It had stepped far enough before.

# %% tags=["nbval-ignore-output"]
print(verdicts_in_words("adaptive_attacks"))

# %% [markdown]
# ## What else does smoothing do?
#
# A model is attacked in more ways than one. A defence against one attack may open the door to another, and nobody sees it who
# measures only the first. Three doors:
#
# | attack | the attacker wants | how it is measured here |
# |---|---|---|
# | **adversarial examples** | a wrong answer, by a change that nobody sees | the share of unseen photographs that stay right |
# | **membership inference** | to know whether a photograph was in the training data | how often a member's loss is below a stranger's |
# | **model stealing** | a copy, by questions alone | how often a student agrees that learnt from the answers |
#
# ### Exercise 2 (8 minutes, easy): one step
#
# Complete `my_step`: move each pixel by `size` in the direction in which the loss of the right class grows, and keep the
# picture within −1 and 1. `images` and `gradient` have the same shape.
#
# <details><summary>Hint</summary>The direction alone counts: <code>gradient.sign()</code>. Then <code>.clamp(-1, 1)</code>.</details>


# %% tags=["exercise"]
def my_step(images, gradient, size):
    return images + size * gradient.sign()  # change this line


exercises.check_step(my_step)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_step(images, gradient, size):
    return (images + size * gradient.sign()).clamp(-1, 1)


exercises.check_step(my_step)

# %% [markdown]
# **Predict first.** Negative smoothing makes a model surer of its training photographs, positive smoothing less sure. Which of the
# two helps whom?

# %% tags=["nbval-ignore-output", "seconds-60"]
effects = striking_quick.side_effects(scenes, my_step)
panels = side_effects(**asdict(effects))
show("8.5", panels)

# %%
check("8.5", panels, tolerance=0.3)

# %% [markdown]
# Three panels, three questions, one seed: take them as something to predict from, not as results. The left one asks how fast the
# lines fall; the middle one how far the points lie above one half, where the attacker guesses; the right one whether a student
# learns more from a target that says little but "this one, surely" or from one that shares its doubts.
#
# One step is a weak attack, and a model whose softmax is saturated may stand it only because its gradient is gone: that is
# blindness, not robustness. So the course experiment, `mia-kit run side_effects`, takes several steps on two losses and an attack
# that needs no gradient at all, and counts a photograph as safe if it withstands every one. It also steals with public
# photographs instead of faces from our generator.

# %% tags=["nbval-ignore-output"]
measures = {
    "robust 0": "right, untouched",
    "robust 0.5": "right at 0.5 grey levels",
    "membership": "membership, area",
    "agreement 2000": "student agrees",
}
by_factor = side_effects_by_factor(read_evidence("side_effects")["results"]["cells"], measures)
show("8.6", by_factor)

# %%
check("8.6", by_factor, tolerance=0.02)

# %% [markdown]
# The first two panels are adversarial examples: of the 68 % that are right when nobody touches the picture, about 20 % stand when
# each pixel may change by half a grey level of 255, whatever the factor. The lift at negative factors is there in every seed, but
# its interval begins at 0: it does not count. The other two panels do move, **and in the same direction**: a model with
# positive smoothing, which shares its doubts, tells more about who was in its training data (.84 against .82) and teaches a
# thief better (67 % against 60 %); a negatively smoothed one tells both a little less (.81, 58 %). So the sign that the paper
# fears for model inversion helps these two attackers as well. What negative smoothing spares is small beside it.

# %% tags=["nbval-ignore-output"]
print(verdicts_in_words("side_effects"))

# %% [markdown]
# ## Open questions, as projects
#
# 1. **Adapt the selection.** Every attack above chooses its best picture by confidence, which a saturated softmax cannot rank.
#    Select by margin or by `Boundary` instead: does the choice between restarts improve?
# 2. **Attack the ramp.** A negatively smoothed model was an ordinary one for half of its training. If a checkpoint leaks, is
#    the defence worth anything? Measure with `fit(..., stop_epoch=...)`.
# 3. **Defend and serve.** Does a serving-time defence (chapter 9) on top of negative smoothing help against students?
# 4. **Both signs at once.** Is there a model whose attack finds nothing by any of the eight losses and which is still useful?
#    `mia_kit.defences.combine` makes pairs.
#
# ## Quiz
#
# 1. An adapted attack gains ten points on the defended model and ten on the undefended one. What did it show?
# <details><summary>Answer</summary>That it is a better attack. The defence is worth as much, or as little, as before.</details>
#
# 2. Why does a temperature do nothing for the Poincaré loss?
# <details><summary>Answer</summary>It divides the logits by their own sum of sizes first: whatever they were divided by
# before falls out.</details>
#
# 3. You try seven adapted attacks and one of them gains a little. What has to change in your interval?
# <details><summary>Answer</summary>It must be wider: seven tries at 95 % come out by chance at least once in three runs of
# ten. Use 1 − 0.05 / 7.</details>
#
# ## Three sentences to remember
#
# 1. A defence counts once someone who knows it has tried to break it.
# 2. An attack breaks a defence if it gains there and not everywhere.
# 3. Ask what a defence does to the attacks that it was not made for.
