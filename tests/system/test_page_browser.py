"""The page of the report in a real browser: sorting, filtering, opening, keys, themes, small screens, no network."""

import json
import shutil

import pytest

from benchmark.analysis.plots.figures import write_figures
from benchmark.analysis.report.page.page import write_page
from benchmark.analysis.tables.registry import Tables
from benchmark.store.results import read_results
from tests.support.fake_results import build_results, change_trial

webdriver = pytest.importorskip("selenium.webdriver", reason="no selenium: pip install -r requirements/test.txt")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-dev-shm-usage")  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Return the page of eleven models and five folds, with names that break pages, and its comparison table."""
    labels = {"resnet18": '<script>document.title="broken"</script>', "vgg16": "VGG-16 & a label of some length"}
    classes = ("Action", "<i>Comedy</i>", 'Dra"ma', "Romance 🎧", "Thriller")
    folder = build_results(tmp_path_factory.mktemp("browser") / "paper", labels=labels, classes=classes)
    for trial in folder.glob("trials/yamnet/*"):
        change_trial(trial, parameters=645_000)  # thousands among millions
    return page_of(folder)


def page_of(folder):
    """Write figures and page of a results folder; return the page's address and the comparison."""
    results = read_results(folder)
    tables = Tables(results)
    return write_page(results, tables, write_figures(results, tables)).as_uri(), tables["comparison"]


@pytest.fixture(scope="module")
def matrices(tmp_path_factory):
    """Return the pages of studies of 10 and of 21 classes, with names of one word or two, by that number."""
    words = ("bark", "_noise_", "clock tick", "crying baby", "church bells", "helicopter", "sea waves")
    places = {}
    for n_classes in (10, 21):
        classes = tuple(word if turn == 0 else f"{word} {turn}" for turn in range(3) for word in words)[:n_classes]
        folder = build_results(tmp_path_factory.mktemp("many") / "many", ("vgg16", "yamnet"), folds=1, classes=classes)
        places[n_classes], _ = page_of(folder)
    return places


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    """Return the page of a study of several of 19 labels, as long as genres are."""
    classes = tuple(f"{word}{number}" for number, word in enumerate(("Sci-Fi ", "Documentary ") * 10))[:19]
    folder = tmp_path_factory.mktemp("labels") / "posters"
    build_results(folder, ("vgg16", "yamnet"), 1, classes=classes, task="multilabel", published=None)
    place, _ = page_of(folder)
    return place


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip(f"no browser: needs one of {', '.join(BROWSERS)}, and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=Service(driver))
    yield opened
    opened.quit()


@pytest.fixture
def opened(browser, page):
    """Return the browser with the page just opened, 1280 pixels wide, in light colours."""
    size(browser, 1280)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme("light")]})
    visit(browser, "about:blank")
    browser.get_log("browser"), browser.get_log("performance")
    visit(browser, page[0])
    yield browser
    assert browser.get_log("browser") == []  # no error, no warning, nothing that the policy had to stop


def visit(browser, address):
    """Open an address and wait for the whole page: on a busy machine the driver comes back while it is still read."""
    browser.get(address)
    loaded = "return document.readyState === 'complete' && location.href === arguments[0]"
    WebDriverWait(browser, 30).until(lambda browser: browser.execute_script(loaded, address))


def size(browser, width):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def scheme(name):
    return {"name": "prefers-color-scheme", "value": name}


def column(browser, title):
    """Return the header of a column of the comparison, and its cells as text, of the models that are shown alone."""
    headers = browser.find_elements(By.CSS_SELECTOR, "#comparison-table thead th")
    place = next(number for number, header in enumerate(headers) if header.text.startswith(title))
    script = ("return [...document.querySelectorAll('#comparison-table tbody tr')]"
              ".filter(row => !row.hidden && row.querySelector('a'))"
              ".map(row => row.cells[arguments[0]].textContent.trim())")  # fmt: skip
    return headers[place], browser.execute_script(script, place)


def sort(browser, title):
    """Press the button of a column; return what :func:`column` does afterwards."""
    column(browser, title)[0].find_element(By.TAG_NAME, "button").click()
    return column(browser, title)


def shares(cells):
    return [float(cell.split()[0]) for cell in cells if cell]


def test_it_opens_in_under_a_second_and_asks_for_nothing(opened, page):
    script = "return performance.getEntriesByType('navigation')[0].loadEventEnd"
    times = [opened.execute_script(script)]
    for _ in range(2):  # the first one starts cold, and the machine may be busy
        visit(opened, page[0])
        times.append(opened.execute_script(script))
    assert min(times) < 1000  # ms
    events = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    asked = {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}
    assert {url for url in asked if not url.startswith("data:")} == {page[0]}
    assert opened.title == "paper: report"


def test_a_number_column_is_sorted_highest_first_then_lowest_first_blanks_last(opened, page):
    _, before = column(opened, "Accuracy")
    assert shares(before) == pytest.approx(page[1]["accuracy"].dropna().round(3).tolist())
    for direction, reverse in (("descending", True), ("ascending", False)):
        header, cells = sort(opened, "Accuracy")
        assert header.get_attribute("aria-sort") == direction
        assert shares(cells) == sorted(shares(before), reverse=reverse)
        assert cells[-1] == ""  # VGG-19 failed


def test_units_count_and_one_column_is_sorted_at_a_time(opened, page):
    sort(opened, "Parameters")
    _, models = column(opened, "Model")
    expected = page[1].dropna(subset=["parameters"]).sort_values("parameters", ascending=False)["label"].tolist()
    assert models[:-1] == expected
    _, models = sort(opened, "Model")
    assert models == sorted(models, key=str.lower)
    assert len(opened.find_elements(By.CSS_SELECTOR, "#comparison-table [aria-sort]")) == 1


def test_rows_are_filtered_by_words_and_boxes(opened):
    find = opened.find_element(By.ID, "find")
    find.send_keys("VGG")
    assert column(opened, "Model")[1] == ["VGG-16 & a label of some length", "VGG-19", "VGGish"]
    assert opened.find_element(By.ID, "shown").text == "3 of 11 models"
    opened.find_element(By.CSS_SELECTOR, "input[name=status][value=failed]").click()
    assert column(opened, "Model")[1] == ["VGG-16 & a label of some length", "VGGish"]
    find.clear()
    find.send_keys("no such model")
    assert column(opened, "Model")[1] == []
    find.clear()
    find.send_keys(Keys.SPACE)
    opened.find_element(By.CSS_SELECTOR, "input[name=weights][value='random weights']").click()
    assert opened.find_element(By.ID, "shown").text == "9 of 11 models"


def test_a_link_opens_the_model_it_names(opened):
    opened.find_element(By.CSS_SELECTOR, "#comparison-table a[href='#model-vgg16']").click()
    model = opened.find_element(By.ID, "model-vgg16")
    WebDriverWait(opened, 10).until(lambda _: model.get_attribute("open"))  # hashchange comes a little later
    assert model.find_element(By.ID, "figure-confusion_vgg16").is_displayed()
    top = opened.execute_script("return arguments[0].getBoundingClientRect().top", model)
    assert 0 <= top < 900  # pixels, within the window


def test_an_address_that_names_a_model_opens_it(opened, page):
    visit(opened, "about:blank")
    visit(opened, f"{page[0]}#model-yamnet")
    figure = (By.CSS_SELECTOR, "#model-yamnet #figure-confusion_yamnet")
    WebDriverWait(opened, 20).until(lambda browser: browser.find_element(*figure).is_displayed())


def test_everything_can_be_done_with_keys(opened):
    focused = opened.switch_to
    opened.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert focused.active_element.text == "Skip to the results"
    focused.active_element.send_keys(Keys.ENTER)
    assert focused.active_element.get_attribute("id") == "main"
    header, _ = column(opened, "Recall")
    opened.execute_script("arguments[0].querySelector('button').focus()", header)
    focused.active_element.send_keys(Keys.ENTER)
    assert header.get_attribute("aria-sort") == "descending"
    focused.active_element.send_keys(Keys.SPACE)
    assert header.get_attribute("aria-sort") == "ascending"
    focused.active_element.send_keys(Keys.TAB)
    assert focused.active_element.text.startswith("F1-score")
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert opened.execute_script(outline) == "solid"
    summary = opened.find_element(By.CSS_SELECTOR, "#model-yamnet > summary")
    opened.execute_script("arguments[0].focus()", summary)
    focused.active_element.send_keys(Keys.ENTER)
    assert opened.find_element(By.ID, "model-yamnet").get_attribute("open")


def test_colours_are_those_of_the_system_until_the_button_is_used(opened):
    colour = "return getComputedStyle(document.body).backgroundColor"
    light = opened.execute_script(colour)
    button = opened.find_element(By.ID, "theme")
    button.click()
    dark = opened.execute_script(colour)
    assert dark != light
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert opened.execute_script(colour) == light
    opened.execute_script("localStorage.clear()")
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme("dark")]})
    opened.refresh()
    assert opened.execute_script(colour) == dark


@pytest.mark.parametrize("width", [390, 1280])
def test_no_part_is_wider_than_the_window(opened, width):
    size(opened, width)
    opened.execute_script("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width
    table = opened.find_element(By.CSS_SELECTOR, "#comparison-table tbody th")
    opened.execute_script("arguments[0].closest('.scroll').scrollLeft = 400", table)
    assert table.rect["x"] >= 0  # the first column stays


@pytest.mark.parametrize("width", [390, 1280])
def test_of_several_labels_no_part_is_wider_and_dense_drawings_keep_their_size(browser, labels, width):
    size(browser, width)
    visit(browser, labels)
    browser.execute_script("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    sizes = (
        "return [...document.querySelectorAll('.dense')].map(part => [part.clientWidth, part.getAttribute('width')])"
    )
    shown = browser.execute_script(sizes)
    assert shown
    assert all(drawn == int(natural) for drawn, natural in shown)
    names = [mark.text for mark in browser.find_elements(By.CSS_SELECTOR, "#model-vgg16 .labels li")]
    assert any(name.startswith("−") and name.endswith("missed") for name in names)
    assert any(name.startswith("✓") for name in names)


@pytest.mark.parametrize("n_classes", [10, 21])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_drawing_of_many_classes_is_in_its_size_or_scrolls_in_its_frame(browser, matrices, n_classes, width):
    size(browser, width)
    visit(browser, f"{matrices[n_classes]}#model-vgg16")
    drawing = browser.find_element(By.ID, "figure-confusion_vgg16")
    shown, natural = browser.execute_script(
        "return [arguments[0].clientWidth, Number(arguments[0].getAttribute('width'))]", drawing
    )
    assert shown >= min(natural, 560)  # pixels: the smallest text of 7 points stays readable
    caption = browser.execute_script("return arguments[0].closest('figure').querySelector('figcaption')", drawing)
    assert 0 <= caption.rect["x"] <= caption.rect["x"] + caption.rect["width"] <= width
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_the_browser_shows_the_drawings_of_the_figures(opened):
    """That they are the files' very bytes is seen in the page's text; here, that each of them can be decoded."""
    script = "const pictures = [...document.querySelectorAll('img.drawing')];"
    script += "Promise.all(pictures.map(picture => picture.decode())).then(() => arguments[0](pictures.length))"
    assert opened.execute_async_script(script) == 3 + 3 * 10  # of the study, and of each model that is done


def test_on_paper_all_is_open_and_no_control_is_seen(opened):
    closed = "return document.querySelectorAll('details:not([open])').length"
    before = opened.execute_script(closed)
    assert before > 0
    opened.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert opened.execute_script(closed) == 0
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    controls = "return [...document.querySelectorAll('button:not(th button), form, header')]"
    assert opened.execute_script(f"{controls}.filter(part => part.getClientRects().length).length") == 0
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    opened.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert opened.execute_script(closed) == before


def test_it_reads_without_a_script(opened, page):
    opened.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(opened, page[0])
        assert opened.find_element(By.CSS_SELECTOR, "#comparison-table tbody tr").is_displayed()
        assert not opened.find_element(By.ID, "filter").is_displayed()
        assert not [button for button in opened.find_elements(By.TAG_NAME, "button") if button.is_displayed()]
        opened.find_element(By.CSS_SELECTOR, "#model-vgg16 > summary").click()
        assert opened.find_element(By.CSS_SELECTOR, "#model-vgg16 #figure-confusion_vgg16").is_displayed()
    finally:
        opened.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_policy_stops_what_the_page_does_not_hold(opened):
    script = """
      const done = arguments[arguments.length - 1];
      const stopped = [];
      document.addEventListener("securitypolicyviolation", (event) => stopped.push(event.effectiveDirective));
      const picture = new Image(); picture.src = "file:///absent.png";
      const style = document.createElement("style"); style.textContent = "body { display: none }";
      const code = document.createElement("script"); code.textContent = "document.title = 'broken'";
      document.body.append(picture, style, code);
      setTimeout(() => done([stopped.sort(), document.title]), 200);
    """
    stopped, title = opened.execute_async_script(script)
    assert stopped == ["img-src", "script-src-elem", "style-src-elem"]
    assert title == "paper: report"
    assert len(opened.get_log("browser")) == 3  # one line for each, which empties the log
