#!/usr/bin/env python3
"""A real browser opens reports: no error, no request, every sample drawn, phases that sum up, clicks and keys that do something.
usage: page.py DRAINCTL SOURCE_DIR [DIRECTORY for screenshots]"""
import base64
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

from lib import HERE, can_mount, load, need, path, run, skip

driver = shutil.which("chromedriver")
if not driver or not shutil.which("chromium"):
    skip("chromium and chromium-driver are missing")
SHOTS = sys.argv[3] if len(sys.argv) > 3 else None
KEY = {"right": "\ue014", "down": "\ue015", "left": "\ue012", "end": "\ue010"}


CUT = """return [...document.querySelectorAll("svg.chart text")].filter(t => {
    const word = t.getBoundingClientRect(), picture = t.closest("svg").getBoundingClientRect();
    return word.width > 0 && (word.left < picture.left - 1 || word.right > picture.right + 1 || word.bottom > picture.bottom + 2);
}).map(t => t.textContent)"""


class Browser:
    """W3C WebDriver, as far as it is needed."""

    def __init__(self):
        log = open(path("driver.log"), "wb")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=log, text=True)
        port = next((w.split("port ")[1].rstrip(".\n") for w in self.process.stdout if "started successfully on port" in w), None)
        need(port, "chromedriver starts")
        self.url = f"http://127.0.0.1:{port}/session"
        words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=" + path("profile")]
        always = {"browserName": "chrome", "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": words},
                  "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self.url += "/" + self.post("", {"capabilities": {"alwaysMatch": always}})["sessionId"]

    def post(self, what, body):
        request = urllib.request.Request(self.url + what, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            need(False, f"webdriver {what}: {e.read()[:400]}")

    def js(self, code, *arguments):
        return self.post("/execute/sync", {"script": code, "args": list(arguments)})

    def find(self, css):
        return next(iter(self.post("/element", {"using": "css selector", "value": css}).values()))

    def click(self, css):
        self.post(f"/element/{self.find(css)}/click", {})

    def keys(self, css, *names):
        self.post(f"/element/{self.find(css)}/value", {"text": "".join(KEY[n] for n in names)})

    def log(self, kind):
        return self.post("/se/log", {"type": kind})

    def shoot(self, name):
        for width in (1280, 400):
            for scheme in ("light", "dark"):
                self.post("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {"width": width, "height": 1600, "deviceScaleFactor": 1, "mobile": False}})
                self.post("/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [{"name": "prefers-color-scheme", "value": scheme}]}})
                need(self.js("return document.documentElement.scrollWidth") <= width, f"{name} fits {width} pixels")
                need(not (cut := self.js(CUT)), f"{name} at {width} pixels: the pictures cut {cut}")
                if not SHOTS:
                    continue
                request = urllib.request.urlopen(self.url + "/screenshot", timeout=120)
                with request as answer, open(f"{SHOTS}/{name}-{width}-{scheme}.png", "wb") as file:
                    file.write(base64.b64decode(json.load(answer)["value"]))

    def close(self):
        urllib.request.urlopen(urllib.request.Request(self.url, method="DELETE"), timeout=60).close()
        self.process.terminate()
        self.process.wait()


browser = Browser()


def opened(name, *files):
    """The report of these files, in the browser."""
    run("report", *[path(f) for f in files], "--html", path(name + ".html"))
    need(os.path.getsize(path(name + ".html")) < 1 << 20, f"{name} is smaller than a MiB")
    browser.log("performance")
    browser.post("/url", {"url": "file://" + path(name + ".html")})
    time.sleep(0.3)
    errors = [e["message"] for e in browser.log("browser") if e["level"] in ("SEVERE", "WARNING")]
    need(not errors, f"{name}: the console says {errors}")
    asked = [json.loads(e["message"])["message"] for e in browser.log("performance")]
    urls = [m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"]
    foreign = [u for u in urls if not u.startswith(("file://" + path(name), "data:"))]
    need(not foreign, f"{name} asks for {foreign}")
    browser.shoot(name)


SUMS = """return [...document.querySelectorAll("g.fall[data-ns]")].map(g => [+g.dataset.ns,
    [...g.querySelectorAll(".w:not(.w-after)")].reduce((sum, r) => sum + +r.dataset.ns, 0), g.querySelectorAll(".w").length])"""


def check_result(name):
    cells = [c for c in load(name + ".json")["cells"] if c["umount_ns"]]
    drawn = browser.js("return document.querySelectorAll('.strip .s').length")
    need(drawn == sum(len(c["umount_ns"]) for c in cells), f"{name}: {drawn} marks drawn")
    sums = browser.js(SUMS)
    need(len(sums) == 2 * len(cells) and all(a == b for a, b, _ in sums), f"{name}: phases sum to the sample: {sums}")
    before = browser.js("return document.querySelector('section.scenario output').textContent")
    browser.js("document.querySelector('.s[data-c=\"0\"][data-i=\"1\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    after = browser.js("return document.querySelector('section.scenario output').textContent")
    need(before == "" and "sample 2" in after, f"{name}: a click shows its sample: {after}")
    chosen = browser.js("const g = document.querySelector('g.chosen[data-ns]'); return [+g.dataset.ns, [...g.querySelectorAll('.w')].reduce((s, r) => s + +r.dataset.ns, 0)]")
    need(chosen[0] == chosen[1] == cells[0]["umount_ns"][1], f"{name}: the chosen waterfall is that sample's: {chosen}")
    browser.keys("svg.strip", "right")
    need("sample 3" in browser.js("return document.querySelector('section.scenario output').textContent"), f"{name}: keys walk the samples")
    where = "return document.querySelector('.s[data-c=\"0\"][data-i=\"0\"]').getAttribute('cx')"
    linear = browser.js(where)
    browser.click("button.scale")
    need(linear != browser.js(where), f"{name}: the axis changes at a click")


def check_race():
    state = "return [document.querySelector('.state').textContent, document.querySelectorAll('tr[aria-current]').length]"
    first = browser.js(state)
    browser.keys("section.story", "right")
    second = browser.js(state)
    browser.click("button.forward")
    third = browser.js(state)
    browser.keys("section.story", "left", "left")
    need(first[0].startswith("step 1 ") and second[0].startswith("step 2 ") and third[0].startswith("step 3 "), f"the story walks: {first} {second} {third}")
    need(browser.js(state) == first and first[1] == 1, "and back")
    results = load("race.json")["results"]
    story = results[0]["counterexample"]["story"]
    need(count("section.story tbody tr") == len(story), "every step is there")
    browser.keys("section.story", "end")
    need(story[-1]["state"] in browser.js(state)[0], f"the state beside the last step is the file's: {browser.js(state)[0]}")
    need(count("table.verdicts tbody tr") == len(results), "a verdict for each search")
    reached = browser.js("return [...document.querySelectorAll('table.windows tbody tr')].map(r => [r.cells[0].textContent, r.cells[2].textContent, +r.cells[3].textContent])")
    want = [[r["policy"], name, w["reached"]] for r in results for name, w in r["windows"].items()]
    need(sorted(reached) == sorted(want), f"the windows' counts are the file's: {reached}")


def count(css):
    return browser.js("return document.querySelectorAll(arguments[0]).length", css)


def check_churn():
    document = load("churn.json")
    for outcome, name in ((document, "ours"), (document["compared"], "beside")):
        unmounts = outcome["unmounts"]
        step = -(-len(unmounts["at_ns"]) // 2000)
        drawn = unmounts["dead_ns"][::step]
        where = f"section.churn[id$={name}] "
        need(count(where + ".latency circle.f") == len(drawn), f"churn, {name}: a dot for each unmount")
        need(count(where + ".latency circle.ring") == sum(ns is not None for ns in drawn), f"churn, {name}: a ring for each death")
        need(count(where + ".backlog path.curve") == 1, f"churn, {name}: the backlog over time")
    left = browser.js("return [...document.querySelectorAll('table.left th')].map((h, i) => [h.textContent, +document.querySelectorAll('table.left td')[i].textContent])")
    need(dict(left) == document["left"], f"churn: what was left: {left}")


def check_strategy():
    cells = load("strategy.json")["cells"]
    need(count("table.strategies tbody tr") == 3 * len(cells), "a row for each strategy in each of three tables")
    need(count(".order circle.f") == sum(len(c["umount_ns"]) for c in cells), "strategies: a dot for each unmount, in order")
    need(count(".order circle.ring") == sum(ns is not None for c in cells for ns in c["unmounts"]["dead_ns"]), "strategies: a ring for each death")
    need(count("figure.backlog path.curve") == len(cells), "strategies: a backlog for each")
    names = browser.js("return [...document.querySelector('table.strategies').tBodies[0].rows].map(r => [r.cells[0].textContent, +r.cells[5].textContent])")
    need(names == [[c["strategy"]["name"], c["strategy"]["left_mounted"]] for c in cells], f"strategies: what was left mounted: {names}")


def check_sweep():
    cells = load("sweep.json")["cells"]
    keys = list(cells[0]["point"])
    need(count("figure.sweep") == len(keys), "a picture for each swept key")
    need(count("figure.sweep circle.m") == len(keys) * len(cells), "a mark for each cell in each of them")


try:
    run("sim", "--scenario", "all", "--samples", "40", "--json", path("all.json"))
    opened("all", "all.json")
    check_result("all")
    run("sim", "--scenario", "idle_cross_pressure", "--samples", "12", "--sweep", "hz=100,250,1000", "--sweep", "cpus=2,4,16", "--json", path("sweep.json"))
    opened("sweep", "sweep.json")
    check_result("sweep")
    check_sweep()
    run("race", "--policy", "base,persb", "--world", "offline_one,fsync", "--json", path("race.json"), code=1)
    opened("race", "race.json")
    check_race()
    run("race", "--mutants", "--policy", "persb", "--json", path("mutants.json"))
    opened("mutants", "mutants.json")
    need(count("table.mutants tbody tr") == len(load("mutants.json")["mutants"]), "a row for each mutant")
    if can_mount():
        run("bench", "--scenario", "no_pressure,idle_cross_pressure", "--samples", "12", "--json", path("bench.json"))
        opened("bench", "bench.json")
        check_result("bench")
        run("lazy", "--json", path("lazy.json"), code=(0, 1))
        opened("lazy", "lazy.json")
        spans = sum(len(s["spans"]) for s in load("lazy.json")["steps"])
        need(count(".lane") == spans, "a bar for each span")
        lanes = {span["lane"] for step in load("lazy.json")["steps"] for span in step["spans"]}
        need({"holder", "name", "superblock"} <= lanes, f"lanes of holder, name, superblock: {lanes}")
        run("churn", "--mounts", "3", "--for", "3s", "--json", path("churn.json"), code=(0, 1))
        opened("churn", "churn.json")
        check_churn()
        run("bench", "--strategy", "all", "--samples", "16", "--no-save", "--json", path("strategy.json"))
        opened("strategy", "strategy.json")
        check_strategy()
    else:
        print("bench and lazy cannot run here: drainctl doctor says why")
finally:
    browser.close()
    shutil.rmtree(HERE, ignore_errors=True)
print("the browser shows what the files hold")
