"""What a script fetches into a data folder: where it lies there, and the one command. `mia-kit check` lists it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mia_kit.data.folders import locate, located


@dataclass(frozen=True)
class Fetched:
    """A data set or the weights of a network.

    places : where it may lie below a data folder: a file or folder which tells that it is there
    script : the script in `data_scripts/` that fetches it, with its arguments
    """

    what: str
    places: tuple[str, ...]
    script: str
    purpose: str = "runs at full size"

    @property
    def command(self) -> str:
        """The one command that fetches it."""
        return f"python data_scripts/{self.script}"

    def find(self) -> Path | None:
        """Where it is, in the first data folder that has it; None if none has."""
        return locate(*self.places)

    def path(self, *files: str) -> Path:
        """Where it is, or the first of these files in one of its places. DataError if no data folder has it."""
        places = [f"{place}/{file}" for place in self.places for file in files] or self.places
        return located(*places, remedy=f"run  {self.command}")


# Where Debian and Ubuntu's package dataset-fashion-mnist puts it: a place from the root, the same in every folder.
DEBIAN = "/usr/share/datasets/fashion-mnist"

DCGAN = Fetched(
    "face generator", ("dcgan_digiface/generator.safetensors",), "fetch_dcgan.py", "attacks on faces (chapter 3)"
)
FACENET = Fetched("FaceNet, judges faces", ("facenet/vggface2.pt",), "fetch_evaluators.py")
STYLEGAN2 = Fetched("StyleGAN2 of FFHQ", ("stylegan2/ffhq.safetensors",), "convert_stylegan2.py")
FACESCRUB = Fetched("FaceScrub", ("facescrub",), "fetch_facescrub.py facescrub_actors.txt facescrub_actresses.txt")
CELEBA = Fetched("CelebA", ("celeba/identity_CelebA.txt",), "fetch_celeba.py")
CELEBA_HD = Fetched("CelebA, finer faces", ("celeba_hd",), "fetch_celeba.py")
GTSRB = Fetched("GTSRB, traffic signs", ("gtsrb/GT-final_test.csv",), "fetch_gtsrb.py")
CIFAR10 = Fetched("CIFAR-10", ("cifar10_full/cifar10.npz",), "fetch_cifar10.py")
MNIST = Fetched("MNIST", ("mnist", "MNIST/raw"), "fetch_mnist.py mnist", "poisoned digits (chapter 9)")
PLACES = ("fashion_mnist", "FashionMNIST/raw", DEBIAN)
FASHION_MNIST = Fetched("Fashion-MNIST", PLACES, "fetch_mnist.py fashion_mnist", "membership (chapter 11)")

# In the order in which the course comes to them.
INVENTORY = (DCGAN, FASHION_MNIST, MNIST, CIFAR10, GTSRB, CELEBA, CELEBA_HD, FACESCRUB, STYLEGAN2, FACENET)
