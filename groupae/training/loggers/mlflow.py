"""Metrics for MLflow."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

from typing_extensions import override

from groupae.training.loggers.store import StoreLogger

__all__ = ["MLflowLogger"]

_STATUS = {"success": "FINISHED", "failed": "FAILED", "aborted": "KILLED"}
_REFUSED = re.compile(r"[^\w\-. :/]", re.ASCII)  # characters that names in MLflow cannot have


class MLflowLogger(StoreLogger):
    """Logger for the package mlflow (``pip install 'groupae[mlflow]'``).

    By default the store is the database ``folder/mlflow.db``, for
    ``mlflow ui --backend-store-uri sqlite:///.../mlflow.db``. No process is started. MLflow sends
    usage statistics to its makers when it is imported; that is switched off here, unless the
    environment variable ``MLFLOW_DISABLE_TELEMETRY`` is set to anything. Characters that MLflow
    refuses in names become ``_``.

    Args:
        folder: Folder of the store.
        project: Name of the experiment.
        name: Name of the run; the name of the folder by default.
        tracking_uri: Another store, such as ``http://localhost:5000``.

    Raises:
        ModuleNotFoundError: If mlflow is not installed.
    """

    package = "mlflow"

    def __init__(
        self,
        folder: Path | str,
        *,
        project: str = "groupae",
        name: str | None = None,
        tracking_uri: str | None = None,
    ) -> None:
        super().__init__(folder, project=project, name=name)
        self.tracking_uri: str = tracking_uri or f"sqlite:///{self.folder / 'mlflow.db'}"
        self._is_local = tracking_uri is None

    @override
    def _import(self) -> Any:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        return super()._import()

    @override
    def _begin(self, run_id: str | None) -> tuple[Any, str]:
        client = self._module.MlflowClient(tracking_uri=self.tracking_uri)
        if run_id is not None:
            client.update_run(run_id, status="RUNNING")
            return client, run_id
        found = client.get_experiment_by_name(self.project)
        place = (self.folder / "mlflow-artifacts").as_uri() if self._is_local else None
        experiment = (
            found.experiment_id
            if found
            else client.create_experiment(self.project, artifact_location=place)
        )
        run_id = str(client.create_run(experiment, run_name=self.name).info.run_id)
        kind, settings = self._module.entities.Param, self._hyperparameters.items()
        params = [kind(_REFUSED.sub("_", name), str(value)) for name, value in settings]
        client.log_batch(run_id, params=params)
        return client, run_id

    @override
    def _log(self, metrics: dict[str, float], step: int | None) -> None:
        now, kind = int(time.time() * 1000), self._module.entities.Metric
        found = [kind(_REFUSED.sub("_", k), float(v), now, step or 0) for k, v in metrics.items()]
        self._run.log_batch(self._id, metrics=found)

    @override
    def _end(self, run: Any, status: str) -> None:
        run.set_terminated(self._id, _STATUS.get(status, "FAILED"))
