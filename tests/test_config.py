"""The settings: their sources, their faults, and how they are shown."""

import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

import rookery
from rookery.cli.commands import app
from rookery.config import Data, Limits, Settings, catalogue, configuration, load
from rookery.core.errors import ConfigError

SOURCES = Path(rookery.__file__).parent
HEX_KEY = "ab" * 32
NOTHING: Mapping[str, object] = {}


def faults(
    folder: Path, flags: Mapping[str, object] = NOTHING, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The problem by setting of a load that must fail."""
    with pytest.raises(ConfigError) as caught:
        load(flags, environ or {}, folder)
    return {fault.setting: fault.problem for fault in caught.value.faults}


def test_defaults_are_those_of_the_api(tmp_path: Path) -> None:
    """Without any source the limits are the ones that docs/api.md promises."""
    limits = load({}, {}, tmp_path).limits

    assert Limits() == limits
    assert (300, 2_400, 1_000, 400) == (
        limits.tweets_per_3h,
        limits.tweets_per_day,
        limits.likes_per_day,
        limits.follows_per_day,
    )
    assert (20, 10, 100) == (
        limits.sign_ups_per_hour_address,
        limits.login_failures_per_15min,
        limits.login_failures_per_hour_address,
    )
    assert (3_000, 1_500) == (limits.reads_per_15min, limits.reads_per_15min_address)
    assert (
        65_536,
        8_192,
        5,
    ) == (limits.body_bytes_max, limits.url_bytes_max, limits.live_streams_per_account)


def test_later_sources_win(tmp_path: Path) -> None:
    """A flag beats the environment, which beats rookery.toml, which beats the default; each origin is known."""
    (tmp_path / "rookery.toml").write_text("[server]\nport = 8001\nworkers = 2\n[log]\nlevel = 'debug'\n")
    environ = {"ROOKERY_SERVER_PORT": "8002", "ROOKERY_SERVER_WORKERS": "3"}

    found = configuration({"server.port": 8003, "server.host": None}, environ, tmp_path)

    assert (
        8003,
        3,
        "debug",
    ) == (found.settings.server.port, found.settings.server.workers, found.settings.log.level)
    assert "--port" == found.origins["server.port"]
    assert "ROOKERY_SERVER_WORKERS" == found.origins["server.workers"]
    assert str(tmp_path / "rookery.toml") == found.origins["log.level"]
    assert "default" == found.origins["server.host"]


def test_every_kind_of_value_is_read_from_text(tmp_path: Path) -> None:
    """The environment can give booleans, numbers, lists and paths."""
    environ = {
        "ROOKERY_LIMITS_ENABLED": "false",
        "ROOKERY_FEED_KEEP": "1_000",
        "ROOKERY_SERVER_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
        "ROOKERY_DATA_DIR": "somewhere",
    }

    settings = load({}, environ, tmp_path)

    assert settings.limits.enabled is False
    assert 1_000 == settings.feed.keep
    assert ("10.0.0.0/8", "::1") == settings.server.trusted_proxies
    assert tmp_path / "somewhere" == settings.data.dir


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Unknown names, wrong types, values out of bounds and contradictions are in one error."""
    (tmp_path / "rookery.toml").write_text(
        "stray = 1\n[server]\nprot = 1\nport = '80a'\n[limits]\nenabled = 1\n[feed]\nkeep = 100\n"
    )
    environ = {"ROOKERY_SERVER_WORKERS": "0", "ROOKERY_LOG_LEVEL": "loud", "ROOKERY_SERVER_HOTS": "x"}

    assert {
        "stray": "must stand in a [section]",
        "server.prot": "is no setting; did you mean server.port?",
        "server.port": "must be a whole number",
        "limits.enabled": "must be true or false",
        "server.workers": "must be at least 1",
        "log.level": "must be one of debug, info, warning, error",
        "ROOKERY_SERVER_HOTS": "is no setting; did you mean ROOKERY_SERVER_HOST?",
        "feed.trust": "must not exceed feed.keep, which is 100",
    } == faults(tmp_path, {}, environ)


@pytest.mark.parametrize("text", ["[server", "port = \x00", "[server]\nport = 1\nport = 2"])
def test_a_broken_file_is_a_fault(tmp_path: Path, text: str) -> None:
    """A rookery.toml that is no TOML is named, with what is wrong in it."""
    file = tmp_path / "rookery.toml"
    file.write_text(text)

    problem = faults(tmp_path)[str(file)]

    assert problem.startswith("is not valid TOML: ")


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """--config of a file that is not there is refused, while rookery.toml may be absent."""
    with pytest.raises(ConfigError, match="No such file"):
        load({}, {}, tmp_path, tmp_path / "none.toml")


def test_paths_of_a_file_start_in_its_folder(tmp_path: Path) -> None:
    """A relative path in a settings file means the same whatever the working folder; `~` is the home."""
    file = tmp_path / "etc" / "rookery.toml"
    file.parent.mkdir()
    file.write_text("[data]\ndir = '../data'\nkey_file = '~/key'\n")

    data = load({}, {"HOME": "/home/wren"}, Path("/"), file).data

    assert (tmp_path / "data").resolve() == data.dir.resolve()
    assert Path("/home/wren/key") == data.key_file


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"server.host": "127.0.0.1"}, False),
        ({"server.host": "127.8.8.8"}, False),
        ({"server.host": "::1"}, False),
        ({"server.host": "localhost"}, False),
        ({"server.host": "0.0.0.0"}, True),
        ({"server.host": "::"}, True),
        ({"server.host": "192.168.1.4"}, True),
        ({"server.host": "example.org"}, True),
        ({"server.host": "0.0.0.0", "server.trusted_proxies": ["10.1.1.1"]}, False),
    ],
)
def test_beyond_loopback_needs_tls_or_a_named_proxy(
    tmp_path: Path, given: Mapping[str, object], refused: bool
) -> None:
    """Listening where others can hear is refused unless TLS or a proxy protects passwords."""
    if refused:
        assert "beyond loopback" in faults(tmp_path, given)["server.host"]
    else:
        assert given["server.host"] == load(given, {}, tmp_path).server.host


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("10.1.2.3", False),
        ("100.64.0.9", False),
        ("fd00::9", False),
        ("0.0.0.0", True),
        ("::", True),
        ("8.8.8.8", True),
        ("2606:4700::1", True),
        ("224.0.0.1", True),
        ("metrics.example.org", True),
    ],
)
def test_metrics_are_served_on_an_inner_address_alone(tmp_path: Path, host: str, refused: bool) -> None:
    """Metrics have no TLS and ask for no name: an address that strangers may reach is refused."""
    given = {"server.metrics_host": host}
    if refused:
        assert "strangers" in faults(tmp_path, given)["server.metrics_host"]
    else:
        assert host == load(given, {}, tmp_path).server.metrics_host


def test_tls_takes_a_certificate_and_its_key(tmp_path: Path) -> None:
    """With both files any address may be listened on; with one, or a missing file, none."""
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).touch()
    both = {"server.host": "0.0.0.0", "server.tls_cert": "cert.pem", "server.tls_key": "key.pem"}

    assert tmp_path / "key.pem" == load(both, {}, tmp_path).server.tls_key
    assert {"server.tls_key": "is missing: a certificate and its key go together"} == faults(
        tmp_path, {"server.tls_cert": "cert.pem"}
    )
    assert {"server.tls_key": f"there is no file {tmp_path / 'lost.pem'}"} == faults(
        tmp_path, both | {"server.tls_key": "lost.pem"}
    )


@pytest.mark.parametrize("proxy", ["nginx", "10.0.0.1/8", "10.0.0.0/33"])
def test_a_proxy_is_an_address_or_a_network(tmp_path: Path, proxy: str) -> None:
    """A proxy that cannot be compared with a peer's address is refused."""
    assert {"server.trusted_proxies"} == set(faults(tmp_path, {"server.trusted_proxies": [proxy]}))


def test_the_key_file_follows_xdg(tmp_path: Path) -> None:
    """The default place of the key is below XDG_CONFIG_HOME, else below ~/.config."""
    home = {"HOME": "/home/wren"}

    assert Path("/home/wren/.config/rookery/key") == load({}, home, tmp_path).data.key_file
    assert (
        Path("/etc/x/rookery/key") == load({}, home | {"XDG_CONFIG_HOME": "/etc/x"}, tmp_path).data.key_file
    )


def test_the_key_stays_out_of_the_data_folder(tmp_path: Path) -> None:
    """A key inside of the folder that it protects is refused."""
    flags = {"data.dir": "d", "data.key_file": "d/../d/key"}

    assert {"data.key_file"} == set(faults(tmp_path, flags))


def test_rookery_key_is_a_key_or_a_path(tmp_path: Path) -> None:
    """ROOKERY_KEY holds 64 hexadecimal digits or names a file; --key-file wins over both."""
    key = load({}, {"ROOKERY_KEY": HEX_KEY}, tmp_path).data
    path = load({}, {"ROOKERY_KEY": "keys/one"}, tmp_path).data
    flag = load({"data.key_file": "two"}, {"ROOKERY_KEY": HEX_KEY}, tmp_path).data

    assert HEX_KEY == key.key
    assert (tmp_path / "keys" / "one", "") == (path.key_file, path.key)
    assert (tmp_path / "two", "") == (flag.key_file, flag.key)


def test_a_mistyped_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    """A key that lacks digits is no path, and its digits are in no message."""
    with pytest.raises(ConfigError) as caught:
        load({}, {"ROOKERY_KEY": HEX_KEY[:-2]}, tmp_path)

    assert "64 hexadecimal digits, not 62" in str(caught.value)
    assert "abab" not in str(caught.value)


def test_a_key_in_the_settings_file_is_refused(tmp_path: Path) -> None:
    """The key is taken from ROOKERY_KEY alone, as settings files are copied and shown around."""
    (tmp_path / "rookery.toml").write_text(f"[data]\nkey = '{HEX_KEY}'\n")

    assert "is a secret" in faults(tmp_path)["data.key"]
    assert {"ROOKERY_DATA_KEY"} == set(faults(tmp_path.parent, {}, {"ROOKERY_DATA_KEY": HEX_KEY}))


def test_settings_reach_worker_processes(tmp_path: Path) -> None:
    """Pickled and back, the settings are the same, and their repr does not hold the key."""
    settings = load({"server.workers": 2}, {"ROOKERY_KEY": HEX_KEY}, tmp_path)

    assert settings == pickle.loads(pickle.dumps(settings))  # noqa: S301
    assert HEX_KEY not in repr(settings)


def test_defaults_stand_without_any_source() -> None:
    """Settings() is usable by itself, for tests and tools."""
    assert Path("rookery-data") == Settings().data.dir
    assert Data() == Settings().data


def test_every_setting_is_read() -> None:
    """No setting promises what nothing in the program looks at."""
    rest = [path for path in SOURCES.rglob("*.py") if path.parent.name != "config"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in rest)
    assert [] == [key for key in catalogue() if key not in text]


def test_the_command_shows_every_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`rookery config` names each setting with its origin and doc, as a table and as JSON, and never the key."""
    monkeypatch.chdir(tmp_path)
    environ = {"ROOKERY_KEY": HEX_KEY, "ROOKERY_SERVER_PORT": "8123"}

    table = CliRunner().invoke(app, ["config"], env=environ)
    rows = CliRunner().invoke(app, ["config", "--json", "--data", "[red]d"], env=environ)
    found = json.loads(rows.stdout)

    assert (0, 0) == (table.exit_code, rows.exit_code)
    assert [] == [key for key in catalogue() if key not in table.stdout]
    assert list(catalogue()) == list(found)
    assert (8123, "ROOKERY_SERVER_PORT") == (found["server.port"]["value"], found["server.port"]["from"])
    assert str(tmp_path / "[red]d") == found["data.dir"]["value"]
    assert HEX_KEY not in table.stdout + rows.stdout
