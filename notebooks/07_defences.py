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
# **You will be able to** write the loss of MID and of BiDO, and a step of DP-SGD. You will draw the
# [frontier](GLOSSARY.md#frontier) of accuracy and leakage, and tell a defence from a model that learnt nothing.
#
# **You need** chapter 3; chapters 5 and 6 help. &nbsp; **Time** about 45 minutes of yours, 3 of the computer's. &nbsp; **Memory** 1 GB (1.5 GB with CUDA builds of PyTorch).
# &nbsp; **GPU** no. &nbsp; **Sources** MID (Wang and others, AAAI 2021); BiDO (Peng and others, KDD 2022); DP-SGD (Abadi and
# others, CCS 2016); negative smoothing (Struppek and others, ICLR 2024).
#
# Like chapter 3 this one needs a generator of faces. If it is missing, run `python data_scripts/fetch_dcgan.py`.
# Opacus counts the ε of DP-SGD. If it is missing, run `pip install "mia_kit[dp]"`.

# %%
import numpy as np
import pandas as pd
import torch
from torch.nn.functional import avg_pool2d, cross_entropy, one_hot

from mia_kit.defences import BidoObjective, MidObjective
from mia_kit.defences.bido import gaussian_kernel, linear_kernel, normalised_hsic
from mia_kit.defences.dp_sgd import PrivateSettings, spent
from mia_kit.defences.mid import divergence
from mia_kit.exercises import chapter07 as exercises
from mia_kit.figures.frontier import Mark, defended_wall, frontier, point_name
from mia_kit.figures.mechanisms import mechanisms
from mia_kit.figures.reproduce import check, fold, show
from mia_kit.figures.striking import differences
from mia_kit.metrics import share_interval
from mia_kit.runs.claims import in_words
from mia_kit.runs.compare import difference, intervals
from mia_kit.runs.evidence import read_table
from mia_kit.runs.table import select
from mia_kit.studies.inversion import classroom
from mia_kit.studies.inversion.defended import HARD, against_none, by_defence
from mia_kit.widgets.frontier_explorer import FrontierExplorer
from mia_kit.widgets.panel import Guess

# %% [markdown]
# ## What training can change
#
# | defence | what it changes | its strength |
# |---|---|---|
# | **negative smoothing** | the labels: the person's class gets a weight above 1 (chapter 5) | the [factor](GLOSSARY.md#smoothing-factor) |
# | **MID** | a noisy bottleneck before the last layer; the loss penalises information that passes it | the price, β |
# | **BiDO** | the loss: hidden layers should depend on the label, and little on the picture | a factor on both weights |
# | **DP-SGD** | the gradients: each picture's is cut to a length, and noise is added to their sum | the noise |
# | **early stopping**, dropout and other regularisers | ordinary training; nobody meant them as defences | their own |
#
# You now write the core of three of them. The photographs are those of forty drawn people, who do not exist.

# %%
photographs = classroom.class_photographs()
images, labels = photographs.floats[::25].double(), photographs.labels[::25]
print(f"{len(photographs.labels)} photographs; a batch of {len(images)} from {len(labels.unique())} people")

# %% [markdown]
# ## MID: a price on what passes
#
# MID turns the features of a picture into a *code*: the mean and deviation of some Gaussian numbers. The last layer sees one
# draw of them. The farther they are from N(0, 1), the more they can tell about the picture. MID charges for that
# distance.
#
# ### Exercise 1 (6 minutes, medium): the price of a code
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
# Here is the whole loss of MID, and its gradient. The price reaches every weight before the bottleneck.

# %%
beta, model = 0.01, classroom.untrained("mid", 0.01).double().eval()
mean, deviation = model.code(images)  # (32, 64) each
logits = model.head(model.draw(mean, deviation))
loss = cross_entropy(logits, labels) + beta * my_divergence(mean, deviation).mean()
(gradient,) = torch.autograd.grad(loss, model.bottleneck.weight)
package = MidObjective(beta)(model.eval(), images, labels, epoch=0)  # eval() begins the noise anew
print(f"loss {loss:.2f}, gradient {gradient.norm():.2f}; off from the package by {abs(loss - package):.6f}")

# %% [markdown]
# ## BiDO: look at the label, not at the picture
#
# A *kernel matrix* K holds how alike the m pictures of a batch are in a layer. For a centred K, let R = K (K + εmI)⁻¹ with
# ε = 10⁻⁵: it keeps K's directions and drops their sizes. Multiply the R of two layers entry by entry and sum up: that is
# their *normalised HSIC*. Roughly, it counts the directions that they share.
#
# ### Exercise 2 (8 minutes, hard): count shared directions
#
# Complete `my_dependence`, the normalised HSIC of two centred kernel matrices of shape (m, m). The result is a scalar.
#
# <details><summary>Hint 1</summary><code>lift = kernel + 1e-5 * m * torch.eye(m)</code>, and R is
# <code>kernel @ torch.linalg.inv(lift)</code>.</details>
# <details><summary>Hint 2</summary>Make R of both kernels, multiply them entry by entry, and sum up.</details>


# %% tags=["exercise"]
def my_dependence(first, second):
    return (first * second).sum()  # turn each kernel into its R first


exercises.check_dependence(my_dependence)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_dependence(first, second):
    lift = 1e-5 * len(first) * torch.eye(len(first), dtype=first.dtype)
    left, right = (kernel @ torch.linalg.inv(kernel + lift) for kernel in (first, second))
    return (left * right).sum()


exercises.check_dependence(my_dependence)

# %% [markdown]
# Here is BiDO's loss for one hidden layer. It rises with dependence on the picture, and falls with dependence on the
# label. The weights 0.05 and 0.5 are the paper's, which sums over five layers.

# %%
model = classroom.untrained("bido", 1.0).double()
features = model.features(images)  # (32, 128)
on_picture = my_dependence(gaussian_kernel(features), gaussian_kernel(images))
on_label = my_dependence(gaussian_kernel(features), linear_kernel(one_hot(labels, 40).double()))
loss = cross_entropy(model.head(features), labels) + 0.05 * on_picture - 0.5 * on_label
(gradient,) = torch.autograd.grad(loss, model.body[3][0].weight)
package = BidoObjective(layers=("body",))(model, images, labels, epoch=0)
print(f"depends on the picture: {on_picture:.1f}, on the label: {on_label:.1f}")
print(f"loss {loss:.2f}, gradient {gradient.norm():.2f}; off from the package by {abs(loss - package):.6f}")

# %% [markdown]
# ## DP-SGD: nobody pulls hard
#
# MID and BiDO come without a guarantee; DP-SGD has a proof. It shortens the gradient of each photograph to at most a
# *clipping norm*, adds all up, and adds noise. So the influence of one photograph on a step is bounded.
#
# ### Exercise 3 (5 minutes, medium): clip
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
# ### Exercise 4 (6 minutes, medium): a private step
#
# Complete `my_step`. Clip, add the gradients up, add noise of deviation `noise * norm` to the sum, divide by the number of pictures,
# and go down by `rate`. Draw the noise with `torch.randn(..., generator=random)`.
#
# <details><summary>Hint</summary><code>total = my_clip(gradients, norm).sum(dim=0)</code> has the shape of the weights; the noise
# has it, too.</details>


# %% tags=["exercise"]
def my_step(weights, gradients, rate, norm, noise, random):
    return weights - rate * gradients.mean(dim=0)  # clip, and add noise to the sum


exercises.check_step(my_step)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_step(weights, gradients, rate, norm, noise, random):
    total = my_clip(gradients, norm).sum(dim=0)
    total = total + noise * norm * torch.randn(total.shape, generator=random)
    return weights - rate * total / len(gradients)


exercises.check_step(my_step)

# %% [markdown]
# Forty steps of it train the smallest classifier there is, softmax regression on 8 × 8 pixels. Its gradient is written
# out: the pixels times *confidence minus [one-hot](GLOSSARY.md#one-hot-label)*. **ε** bounds how much one photograph
# can change the odds of any trained model, by a factor of at most e to the ε; **δ** is the chance that the bound fails.
# Below 1, ε is strong. Above 10 it says next to nothing. Both speak of one photograph, not of all photographs of a
# person.


# %% tags=["nbval-ignore-output"]
def shrink(faces):
    return avg_pool2d(faces, 4).flatten(1)  # (n, 192)


pixels, known = shrink(photographs.floats), photographs.labels
test = classroom.class_photographs("test")
for noise in (0.0, 3.0, 10.0, 30.0):
    weights, random = torch.zeros(192 * 40), torch.Generator().manual_seed(0)
    for _ in range(40):
        residuals = (pixels @ weights.view(192, 40)).softmax(dim=1) - one_hot(known, 40)  # (800, 40)
        gradients = (pixels[:, :, None] * residuals[:, None, :]).flatten(1)  # (800, 7680), one row a photograph
        weights = my_step(weights, gradients, 10.0, 1.0, noise, random)
    right = (shrink(test.floats) @ weights.view(192, 40)).argmax(dim=1) == test.labels
    epsilon = spent(PrivateSettings(noise), delta=1e-4, sample_rate=1.0, steps=40).epsilon
    print(f"noise {noise:4.1f}: right on {right.float().mean():.0%}, epsilon {epsilon:.3g} at delta 0.0001")

# %% [markdown]
# More noise gives a smaller ε and less accuracy: the proof has a price.
#
# Figure 7.1 shows the three mechanisms. Left, a code is cheap if it lies near 0 and is noisy. Middle, a layer goes from
# the picture alone to the label alone; its dependence on the picture falls late, so BiDO may need to be strong. Right,
# gradients before and after clipping, and where noisy steps lead.

# %%
random = torch.Generator().manual_seed(0)
deviations, shares = torch.linspace(0.05, 1.5, 30), torch.linspace(0, 1, 11)
prices = {
    f"code at {mean:g}": divergence(torch.full((30, 1), mean), deviations[:, None]).numpy() for mean in (0.0, 1.0, 2.0)
}
picture = 0.3 * torch.randn(40, 8, generator=random).double()
label = one_hot(torch.arange(40) % 4).double()
layers = [gaussian_kernel(torch.cat([(1 - share) * picture, 0.6 * share * label], dim=1)) for share in shares]
sources = {"on the picture": gaussian_kernel(picture), "on the label": linear_kernel(label)}
dependence = {
    name: np.array([float(normalised_hsic(layer, source)) for layer in layers]) for name, source in sources.items()
}
points = torch.tensor([0.6, 0.3]) + torch.randn(12, 2, generator=random)
clipped = points * (1 / points.norm(dim=1, keepdim=True)).clamp(max=1)
means = clipped.mean(dim=0) + 0.6 * torch.randn(40, 2, generator=random) / 12
arrows = {"a picture's gradient": points.numpy(), "clipped at 1": clipped.numpy(), "noisy mean": means.numpy()}
three = mechanisms(prices=(deviations.numpy(), prices), dependence=(shares.numpy(), dependence), gradients=arrows)

# %% tags=["nbval-ignore-output"]
show("7.1", three)

# %%
check("7.1", three, tolerance=0.02)

# %% [markdown]
# ## The frontier
#
# A network that learnt nothing leaks nobody. So leakage never stands alone. Every [target](GLOSSARY.md#target) below is
# one point: farther right is more accurate, higher leaks more. Each is attacked with three
# [losses](GLOSSARY.md#loss-of-the-attacker): cross-entropy, Poincaré and the [margin loss](GLOSSARY.md#margin-loss).
# The point shows **the strongest attack**: attackers who know the defence choose their loss (chapter 8). Leakage is
# [Acc@1](GLOSSARY.md#acc1).
#
# **Predict first.** Which defence is nearest to the lower right corner? Where is DP-SGD?

# %% tags=["nbval-ignore-output", "seconds-90"]
defences = {"none": 0.0, "smoothing": -0.2, "mid": 0.03, "bido": 4.0, "dp_sgd": 0.1, "early_stopping": 0.8}
trained = {defence: classroom.train(defence, strength) for defence, strength in defences.items()}

# %% tags=["nbval-ignore-output", "seconds-90"]
people, targets, marks = range(12), [], []
for defence, strength in defences.items():
    model, privacy = trained[defence].model, trained[defence].privacy
    target = classroom.strongest(model, people, defence=defence, strength=strength, privacy=privacy)
    share = share_interval(target.hits, len(people))
    words = f"{target.loss} loss" + (f"<br>{privacy}" if privacy else "")
    marks.append(Mark(defence, strength, target.accuracy, share.value, share.low, share.high, words))
    targets.append(target)
live = frontier(marks, title="Use and leakage: forty drawn people, twelve attacked, one seed")

# %% tags=["nbval-ignore-output"]
FrontierExplorer(
    targets,
    names=[f"person {number}" for number in people],
    guess=Guess(
        "The strongest attack gets fewest of the twelve faces from",
        ("negative smoothing", "MID", "BiDO", "DP-SGD", "early stopping"),
    ),
)

# %% tags=["nbval-ignore-output"]
show("7.2", live)

# %%
check("7.2", live, tolerance=0.5)

# %% tags=["nbval-ignore-output"]
wall = defended_wall(
    np.stack([target.pictures[:6] for target in targets]),
    np.stack([target.ranks[:6] for target in targets]),
    marks,
    names=[f"person {number}" for number in range(6)],
)
show("7.3", wall)

# %%
check("7.3", wall, tolerance=1)

# %% [markdown]
# Twelve people and one [seed](GLOSSARY.md#seed): the bars are long, and no order between neighbours means anything.
# Read what is missing.
#
# * **No point lies low.** In our run each model leaks 6 or more of the twelve people. So do those that paid about 30
#   points of accuracy.
# * **DP-SGD's ε is in the thousands** at this noise (hover): it promises next to nothing.
# * **Compare with *early stopping***, the same network trained for a fifth of the time. No other defence lies clearly
#   below it.
# * **The strongest loss differs** from model to model (hover). With one loss alone the figure would look different.
#
# ## Forty people, every defence
#
# Twelve people of one seed cannot order defences. `mia-kit run frontier_class` trains the defences of this chapter on
# forty drawn people, with three seeds, and attacks 24 of them. `mia-kit run field_drawn` does the same with the younger
# defences of chapter 14, and five seeds. [Claim](GLOSSARY.md#claim) S14 says that negative smoothing beats MID, BiDO
# and DP-SGD at equal accuracy. S18 asks about regularisers.
#
# DP-SGD above had to learn to see, too, and its noise drowned that. `mia-kit run private_class` lets it train the **last
# layer alone**. All other layers come from a network that saw 200 strangers.

# %% tags=["nbval-ignore-output"]
table, young = read_table("frontier_class"), by_defence(read_table("field_drawn"))
known, private = by_defence(table), read_table("private_class")
shares = by_defence(private)
heads = shares[shares["defence"] == "dp_sgd_head"]
points = pd.concat([known, young[~young["defence"].isin(known["defence"])], heads])
every = frontier([Mark(*row) for row in points.itertuples(index=False)], title="Every defence: forty drawn people")
show("7.4", every)

# %%
check("7.4", every, tolerance=0.001)
bare = [rows.set_index("defence").loc["none", "value"] for rows in (known, young, shares)]
print("recognised without a defence, by study:", ", ".join(f"{value:.1%}" for value in bare))

# %% tags=["nbval-ignore-output"]
less = against_none(table)
names = [f"{point_name(row.defence, row.strength)} · costs {row.cost:.1%}" for row in less.itertuples()]
taken = differences(less.assign(name=names), title="People recognised, less hard labels; and the price in accuracy")
show("7.5", taken)

# %%
check("7.5", taken, tolerance=0.001)
words, parts = in_words("frontier_class", table)
private_words, private_parts = in_words("private_class", private)
print(words, private_words, sep="\n")

# %% tags=["nbval-ignore-output"]
fold("Every part, with its interval", parts + "\n" + private_parts)

# %%
floor = intervals(private, "acc1", ["attack"], {"attack": "placebo"})["value"].item()
print(f"of the placebo {floor:.0%} are recognised")
for noise in (0.1, 0.3, 1.0, 3.0):
    both = {"treated": {"defence": "dp_sgd_head", "strength": noise}, "baseline": HARD}
    people = difference(private, measure="acc1", where={"attack": "ppa", "loss": "strongest"}, **both)
    accuracy = difference(private, measure="accuracy", **both)
    epsilon = select(private, measure="epsilon", strength=noise)["value"].mean()
    print(f"noise {noise}: epsilon {epsilon:.3g}; less hard labels: accuracy {accuracy}, people {people}")
shares[shares["defence"].isin(["none", "dp_sgd_head"])].round(3)

# %% [markdown]
# Down and to the right is better. Each bar rests on 24 people and three to five seeds. Figure 7.4 joins three studies.
# Their networks without a defence leak 91.7 %, 88.3 % and 80.6 %: hold a point against those of its own study.
#
# * **Only DP-SGD lies low.** It changes the share of people recognised by −0.528 [−0.695, −0.319], and costs 55 points of
#   accuracy: a network that knows few people leaks few.
# * **DP-SGD can learn.** With the last layer alone, noise 0.1 changes accuracy by −0.05 [−0.0888, −0.0112]. No change of
#   the leak can be told, and ε promises nothing. At noise 1, ε is 27. Accuracy changes by −0.117 [−0.169, −0.0638], people
#   by −0.181 [−0.375, 0]. Still 62.5 % are recognised, and 32 % of the [placebo's](GLOSSARY.md#placebo).
# * **No other defence of this chapter is told apart from none.** Their intervals include 0. An effect of ten points could
#   not have been seen: S14 gets *cannot tell*, S18 stays *open*. Of the younger ones LoFt is told apart (chapter 14).
# * **Negative smoothing** of −0.2 stands beside early stopping after four fifths of the epochs: 0.85 of people against
#   0.85, at 1.7 and 1.2 points of accuracy.
# * **Compare at equal accuracy.** DP-SGD as a whole has no rival as inaccurate as itself. Against early stopping, S36
#   stays *open*.
#
# `mia-kit run frontier_drawn` asks again with 200 people and the full [dose](GLOSSARY.md#dose).
#
# **Finding.** On forty drawn people, of this chapter's defences only DP-SGD lowered what the strongest of three losses
# brought back beyond chance, by 0.528 [0.319, 0.695] of people. It cost 55 points of accuracy. On a public trunk and
# at an ε of 27 it cost 12 points, and 62.5 % of the people were still recognised.
#
# ## Quiz
#
# 1. A defence halves the leakage and costs 15 points of accuracy. What do you compare it with?
# <details><summary>Answer</summary>With an undefended model of the same accuracy: trained on less, or for fewer epochs.
# If that leaks no more, the defence is an expensive way of training badly.</details>
#
# 2. DP-SGD with noise 0 still clips. What does it guarantee?
# <details><summary>Answer</summary>Nothing: ε is infinite. Clipping bounds what a picture can do; only the noise hides that it
# did it.</details>
#
# 3. Why must MID's bottleneck be noisy when the model answers, too?
# <details><summary>Answer</summary>The limit on what a code says about the picture is that of a noisy code. Without
# noise the model that answers is another one, and the limit does not hold for it.</details>
#
# ## Three sentences to remember
#
# 1. A defence is a curve of accuracy against leakage, never one number.
# 2. Attack it as somebody who knows it, and count the strongest attack.
# 3. DP-SGD is the only one here with a proof, and the proof has a price.
#
# Next: defend a classifier yourself, and let a referee attack it ([chapter 14](14_red_against_blue.ipynb)).
