# SPDX-License-Identifier: BSD-2-Clause
"""Every engine, with every suite that it has; and two engines with each other, which share nothing but the bytes."""
import pytest
from setkey import SUITES, tunnel
from traffic import ADDRESS, answered

DEVICES = {"crypto_aesni_mb0": list(SUITES), "crypto_aesni_gcm0": ["gcm128", "gcm192", "gcm256"],
           "crypto_openssl0": list(SUITES)}


def lookaside(device):
    return {"engine": "lookaside", "devices": [device], "calibrate": False}


@pytest.fixture(scope="module", params=DEVICES)
def mixed(request, running):
    """gw1 with a crypto device, gw2 with the direct engine."""
    running.stop()
    running.start(crypto={"gw1": lookaside(request.param), "gw2": {"engine": "direct", "calibrate": False}})
    yield request.param, running
    running.stop()
    running.start()


def test_lookaside(lab, mixed):
    device, pair = mixed
    for suite in DEVICES[device]:
        for options in ("-window 128", "-window 128 -esn"):
            pair.load(tunnel(suite, options=options))
            for inner in (4, 6):
                for size in (0, 1300):
                    answered(lab, ADDRESS["host2", inner], size=size, count=4, interval=0.002)
            for g, engine in ((pair.gw1, "lookaside"), (pair.gw2, "direct")):
                for sa in g.stats()["sas"]:
                    assert sa["packets"] == 16, (suite, sa)
                    assert (sa["engine"] == "direct") == (engine == "direct"), (suite, sa)


def test_refused(lab, mixed):
    """What the device does not have is refused as a whole, and the keys before stay in force."""
    device, pair = mixed
    pair.load(tunnel())
    missing = [s for s in SUITES if s not in DEVICES[device]]
    for suite in missing:
        pair.write_keys(tunnel(suite))
        said = pair.gw1.reload()
        assert "no engine offers" in said and "nothing is changed" in said, said
    answered(lab, ADDRESS["host2", 4])
