"""Elasticsearch from its jars: its home, with the two modules that it cannot do without.

Elasticsearch loads modules from folders, each with class loaders and a description of its own. Of those in its
distribution, Maven Central has the HTTP server (`transport-netty4`), but not what answers `GET /`, which clients
ask first: ours stands in.
"""

import shutil
import zipfile
from pathlib import Path

from scripts.engines.bundles import LOGGING, SOURCES, Bundle, compile_java

VERSION = "8.19.21"
_NETTY = ("netty-*.jar", "transport-netty4-*.jar", "elasticsearch-ssl-config-*.jar")
_DESCRIPTION = """name={name}
description={name}
classname={classname}
version={version}
elasticsearch.version={version}
java.version=17
"""


def make_home(bundle: Path) -> None:
    """Makes a bundle's folder a home of Elasticsearch: `config`, `modules`, and an empty `plugins`."""
    for name in ("config", "plugins"):
        (bundle / name).mkdir()
    shutil.copy(LOGGING, bundle / "config")
    http = _module(bundle, "transport-netty4", "org.elasticsearch.transport.netty4.Netty4Plugin")
    for pattern in _NETTY:
        for jar in (bundle / "lib").glob(pattern):
            jar.rename(http / jar.name)
    root = _module(bundle, "rest-root", "rookery.RootPlugin")
    compile_java(SOURCES / "RootPlugin.java", bundle / "lib", bundle / "root")
    _pack(bundle / "root", root / "rest-root.jar")


def _module(bundle: Path, name: str, classname: str) -> Path:
    """An empty module with its description."""
    folder = bundle / "modules" / name
    folder.mkdir(parents=True)
    description = _DESCRIPTION.format(name=name, classname=classname, version=VERSION)
    (folder / "plugin-descriptor.properties").write_text(description, encoding="utf-8")
    return folder


def _pack(classes: Path, jar: Path) -> None:
    """Moves classes into a jar."""
    with zipfile.ZipFile(jar, "w") as archive:
        for path in classes.rglob("*.class"):
            archive.write(path, path.relative_to(classes))
    shutil.rmtree(classes)


BUNDLE = Bundle(
    "elasticsearch",
    (f"org.elasticsearch:elasticsearch:{VERSION}", f"org.elasticsearch.plugin:transport-netty4:{VERSION}"),
    "ElasticsearchLauncher.java",
    ("RootPlugin.java", LOGGING.name),
    make_home,
)
