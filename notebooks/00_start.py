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
# # 0. Start here: what does a classifier give away?
#
# **You will be able to** say what a model inversion attack is and whom it harms. You check your machine, and find your
# way through the chapters.
#
# **You need** to know what a neural network and its loss are. &nbsp; **Time** about 15 minutes of yours, seconds of the computer's.
# &nbsp; **Memory** 0.6 GB (1.2 GB with CUDA builds of PyTorch). &nbsp; **GPU** no.
#
# ## The problem in four sentences
#
# A company trains a classifier on photographs of its staff, so that a door opens for the right people. It deletes the
# photographs and keeps the network. Somebody copies the network. What does that person now know about the faces of the
# staff?
#
# Perhaps more than the company thinks. The network was shaped by those photographs. An attacker can ask it, step by
# step: which input would make you surer that you see Alice? That is [**model inversion**](GLOSSARY.md#model-inversion):
# the network itself is the signpost to the data that it was trained on. A related attack, [**membership
# inference**](GLOSSARY.md#membership-inference), asks whether a certain photograph was among them.
#
# This course is about what moves that leak up and down. The first lever is a single number that people set for quite
# other reasons. The **label-smoothing factor**, or [smoothing factor](GLOSSARY.md#smoothing-factor), says how much
# weight the labels move away from the right class.
#
# ## Is everything here?

# %% tags=["nbval-ignore-output"]
from mia_kit.course.environment import report

text, complete = report()
print(text)

# %% [markdown]
# Each item marked MISSING shows the command that installs it.
#
# ## A first leak, in seconds
#
# A small network has learned to tell three clouds of points apart. The course ships trained networks, so nothing is
# trained here. In chapter 1 you will train. An attacker who has never seen the points starts beside cloud 0 and lets
# the network lead them towards class 2.

# %%
from mia_kit.figures import toy as figures
from mia_kit.figures.reproduce import check, show
from mia_kit.toy import invert, load_table, make_data

data, table = make_data(), load_table()
network = table.model(smoothing=0.0, seed=42)
path = invert(network, start=(-3, -10), target_class=2)
print(f"The network is {path.confidences[-1]:.0%} sure that it sees class 2.")

# %% tags=["nbval-ignore-output"]
first_leak = figures.decision_maps({0.0: network}, {0.0: path}, data)
show("0.1", first_leak)

# %%
check("0.1", first_leak, tolerance=0.02)

# %% [markdown]
# The attacker starts some 20 units from class 2 and ends about 3 units from its nearest training point. The attacker
# never saw a training point. In chapter 1 one slider changes that distance.
#
# ## What this may be used for
#
# These attacks recover traits of real people. Use them to **teach**, to **study** and to **audit models that you own or
# have been allowed to test**. Do not use them on models of others, or to find out who somebody is. Make no pictures of
# people who did not agree.
#
# * Photographs of real people appear in this course only where a lesson needs them, and as few as it needs. Every data
#   set has a card that says who is in it and on which terms (`mia_kit.data.load("orl").card`).
# * Wherever a synthetic face teaches the same, we take the synthetic one.
# * A result that embarrasses a method is reported as it is. We also report results that embarrass us: see the table of
#   claims (`mia-kit claims`).
#
# ## The chapters
#
# | chapter | what you do there |
# |---|---|
# | [1. Toy inversion](01_toy_inversion.ipynb) | drag the smoothing factor in the plane and watch an attacker come and go |
# | [2. Embeddings](02_embeddings.ipynb) | look inside: how smoothing moves people about in the last hidden layer |
# | [3. Face inversion](03_face_inversion.ipynb) | write a whole attack in forty lines, drag the faces, and be the judge |
# | [4. Which stage matters?](04_stages.ipynb) | swap the model of one stage of the attack and see what changes |
# | [5. Where smoothing bites](05_smoothing_and_low_data.ipynb) | drag the smoothing factor on faces, and see which attacker it stops |
# | [6. The attack zoo](06_attack_zoo.ipynb) | turn one attack, called Plug & Play, into six others |
# | [7. Defences](07_defences.ipynb) | see how much accuracy each defence costs, and how much leakage it stops |
# | [8. The attacker strikes back](08_striking_back.ipynb) | attack a defence as someone who knows it, and look for its side effects |
# | [9. Poisoning the attacker](09_poisoning.ipynb) | serve answers that spoil what an attacker learns from them, and get round it |
# | [10. Data-centric defence](10_data_centric.ipynb) | drag a *surrogate*, a stand-in person, into the attacker's way |
# | [11. Membership](11_membership.ipynb) | ask who was in the training data, and which habits of training tell |
# | [12. Full scale](12_full_scale.ipynb) | rehearse the paper's experiment, stop it, take it up again |
# | [13. What we found](13_claims.ipynb) | read what each chapter found, and what became of every claim |
# | [14. Red against blue](14_red_against_blue.ipynb) | defend a classifier, hand it in, and improve it after an attack |
#
# **The order of reading** that we suggest: 0, 1, 3, 5, 6, then 2 and 4 as detective work, 7, 8, 11, 14, 9, 10, 12, 13.
# Linked words are explained in the [glossary](GLOSSARY.md).
#
# ## How a chapter works
#
# **Predict, then drag.** You learn most at the moment when you notice that you were wrong. Exercises say how long they
# take, unfold hints, and have a check that talks to you. If your edition has solutions, each is folded away below its
# exercise; if not, ask your teacher.

# %% [markdown]
# ### Exercise 1 (2 minutes, easy): what does the attacker have?
#
# In the demonstration above the attacker computed gradients. Which of these must they hold: `"the training points"`,
# `"the network"`, or `"the labels of the training points"`?
#
# <details><summary>Hint</summary>Look at the call of <code>invert</code>: what is it given, and what not?</details>

# %% tags=["exercise"]
from mia_kit.exercises import chapter00 as exercises

my_answer = "the training points"  # change this
exercises.check_attacker(my_answer)

# %% tags=["solution"] jupyter={"source_hidden": true}
my_answer = "the network"
exercises.check_attacker(my_answer)

# %% [markdown]
# ### Exercise 2 (4 minutes, easy): how near did they come?
#
# The leak of chapter 1 is a distance: from where the attack ends to the *nearest* training point. Complete `my_distance`: `end` is a
# Tensor of shape (2,), `points` one of shape (n, 2).
#
# <details><summary>Hint 1</summary><code>points - end</code> has a row for each point.</details>
# <details><summary>Hint 2</summary><code>.norm(dim=1)</code> is the length of each row. Take the smallest, not the
# mean: being near one point is enough.</details>


# %% tags=["exercise"]
def my_distance(end, points):
    return (points.mean(dim=0) - end).norm()  # change this line


exercises.check_distance(my_distance)


# %% tags=["solution"] jupyter={"source_hidden": true}
def my_distance(end, points):
    return (points - end).norm(dim=1).min()


exercises.check_distance(my_distance)

# %% [markdown]
# ## Quiz
#
# 1. The photographs were deleted after training. Is the data gone?
# <details><summary>Answer</summary>Not all of it. The network's weights were shaped by them, and inversion can read
# some of that shape back.</details>
#
# 2. What is the difference between model inversion and membership inference?
# <details><summary>Answer</summary>Inversion reconstructs what a class looks like. Membership inference asks whether one
# given record was in the training set.</details>
#
# ## Three sentences to remember
#
# 1. A trained network can keep traces of its training data, in a form that takes work to read.
# 2. How readable they are can depend on how the network was trained, not only on its accuracy.
# 3. Attack only what is yours or what you may test.
