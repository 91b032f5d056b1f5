"""A class on one host, for a trial: anybody may log in, and every learner has a folder instead of an account.

    pip install jupyterhub && npm install -g configurable-http-proxy
    MIA_KIT_CLASS=/srv/class MIA_KIT_HANDOUT=handout jupyterhub -f binder/jupyterhub_config.py

`handout` is what `mia-kit student handout` wrote. It listens on this host alone. For a real class put an authenticator
with passwords in the dummy's place, and a spawner that gives every learner an account (`binder/HUB.md`).
"""

import os
import shutil
from pathlib import Path

c = get_config()  # noqa: F821  # JupyterHub's

FOLDER = Path(os.environ["MIA_KIT_CLASS"]).resolve()  # a folder a learner, and the hub's own files
HANDOUT = Path(os.environ["MIA_KIT_HANDOUT"]).resolve()
HUB = FOLDER / ".hub"
HUB.mkdir(parents=True, exist_ok=True)

c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.db_url = f"sqlite:///{HUB / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(HUB / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(HUB / "proxy.pid")

c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(FOLDER / "{username}")
c.Spawner.default_url = "/lab/tree/00_start.ipynb"
# A kernel that starts beside nineteen busy ones may need more than the usual minute for its first answer.
c.Spawner.args = ["--MappingKernelManager.kernel_info_timeout=900", *(["--allow-root"] if os.geteuid() == 0 else [])]
c.Spawner.start_timeout = c.Spawner.http_timeout = 900  # twenty servers that start at once wait for each other
# One thread a kernel: threads that wait by spinning starve the other learners.
c.Spawner.environment = {"OMP_NUM_THREADS": "1"}
c.Spawner.env_keep = [*("PATH", "PYTHONPATH", "VIRTUAL_ENV", "LANG", "LC_ALL"), "MIA_KIT_DATA"]


def hand_out(spawner):
    """Lay the notebooks into a new learner's folder. Nobody's work is overwritten."""
    for source in HANDOUT.rglob("*"):
        target = FOLDER / spawner.user.name / source.relative_to(HANDOUT)
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


c.Spawner.pre_spawn_hook = hand_out
