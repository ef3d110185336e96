"""What prometheus-adapter is told, so that autoscalers find the metrics of Rookery."""

from typing import Any

import yaml

from scripts.deploy.load import BUSY, LAG_METRIC
from scripts.deploy.pods import Document, document


def rules() -> Document:
    """Its configuration, as a ConfigMap."""
    told = {
        "rules": [_rule(metric, "max", ("namespace", "pod")) for metric in BUSY],
        # Every process of a group tells of the whole group.
        "externalRules": [_rule(LAG_METRIC, "max", ("namespace",))],
    }
    text = yaml.safe_dump(told, sort_keys=False, width=110)
    return document("v1", "ConfigMap", "rookery-adapter", data={"config.yaml": text})


def _rule(metric: str, added_by: str, labels: tuple[str, ...]) -> dict[str, Any]:
    there = ",".join(f'{label}!=""' for label in labels)
    return {
        "seriesQuery": f"{metric}{{{there}}}",
        "resources": {"overrides": {label: {"resource": label} for label in labels}},
        "name": {"as": metric},
        "metricsQuery": f"{added_by}(<<.Series>>{{<<.LabelMatchers>>}}) by (<<.GroupBy>>)",
    }
