//! A browser that is driven over the `WebDriver` protocol, spoken directly to Debian's `chromedriver`.
//!
//! Where it is not installed the tests say so and pass, unless the variable `TALLYSTICK_BROWSER` is `required`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

/// How long a page may take to show what is waited for, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// A key under which `WebDriver` names elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How a browser is.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// Width and height in pixels.
    pub(crate) size: (u32, u32),
    /// Whether it runs scripts.
    pub(crate) scripts: bool,
}

/// A telephone.
pub(crate) const PHONE: Look = Look { size: (390, 844), scripts: true };

/// A browser with a page.
pub(crate) struct Browser {
    agent: Agent,
    session: String,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Opens one; nothing where there is none.
    pub(crate) fn open(look: Look) -> Option<Self> {
        let spawned = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn();
        let mut driver = match spawned {
            Ok(driver) => driver,
            Err(error) => {
                let required = env::var_os("TALLYSTICK_BROWSER").is_some_and(|it| it == "required");
                assert!(
                    !required,
                    "a browser is required but chromedriver does not start: {error}"
                );
                let warning = format!(
                    "SKIPPED: no browser was driven, chromedriver does not start: {error}\n"
                );
                io::stderr().write_all(warning.as_bytes()).expect("standard error");
                return None;
            }
        };
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = lines.find_map(|line| {
            let line = line.expect("a line");
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        // Read on, so that the driver is never held up by a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().expect("a folder");
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(2)))
            .build()
            .into();
        let url = format!("http://127.0.0.1:{}", port.expect("a port"));
        let scripts = if look.scripts { 1 } else { 2 };
        let (width, height) = look.size;
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--hide-scrollbars",
                format!("--window-size={width},{height}"),
                format!("--user-data-dir={}", profile.path().display()),
            ],
            "mobileEmulation": {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 1.0, "touch": false, "mobile": true}},
            "prefs": {"profile.managed_default_content_settings.javascript": scripts},
        }}}});
        let mut browser =
            Self { agent, session: format!("{url}/session"), driver, _profile: profile };
        let opened = browser.ask("POST", "", &wanted);
        let id = opened["sessionId"].as_str().expect("a session");
        browser.session = format!("{url}/session/{id}");
        Some(browser)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_to(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn try_to(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let uri = format!("{}{path}", self.session);
        let request = ureq::http::Request::builder().method(method).uri(uri);
        let text = if method == "POST" { body.to_string() } else { String::new() };
        let request = request.header("content-type", "application/json").body(text);
        let mut answer = self.agent.run(request.expect("a request")).expect("an answer");
        let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().expect("text");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        if answer.status().is_success() {
            Ok(value["value"].clone())
        } else {
            Err(value["value"].clone())
        }
    }

    /// Goes to an address.
    pub(crate) fn go(&self, url: &str) {
        self.ask("POST", "/url", &json!({"url": url}));
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        self.ask("GET", "/url", &Value::Null).as_str().expect("an address").to_owned()
    }

    /// The text of the page as it is seen.
    pub(crate) fn text(&self) -> String {
        let found =
            self.try_to("POST", "/element", &json!({"using": "css selector", "value": "body"}));
        let Ok(found) = found else { return String::new() };
        let id = found[ELEMENT].as_str().expect("an element");
        let text = self.try_to("GET", &format!("/element/{id}/text"), &Value::Null);
        text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Waits until the page says this.
    pub(crate) fn wait(&self, text: &str) {
        let begun = Instant::now();
        while !self.text().contains(text) {
            assert!(begun.elapsed() < PATIENCE, "no {text:?} on {}:\n{}", self.url(), self.text());
        }
    }

    fn find(&self, css: &str) -> String {
        let begun = Instant::now();
        loop {
            let found =
                self.try_to("POST", "/element", &json!({"using": "css selector", "value": css}));
            if let Ok(found) = found {
                return found[ELEMENT].as_str().expect("an element").to_owned();
            }
            assert!(begun.elapsed() < PATIENCE, "no {css} on {}:\n{}", self.url(), self.text());
        }
    }

    /// Presses what a selector finds, as a person does: it must be there to be seen.
    pub(crate) fn press(&self, css: &str) {
        let begun = Instant::now();
        loop {
            let element = self.find(css);
            match self.try_to("POST", &format!("/element/{element}/click"), &json!({})) {
                Ok(_) => return,
                Err(error) => {
                    assert!(begun.elapsed() < PATIENCE, "{css} cannot be pressed: {error}");
                }
            }
        }
    }

    /// Runs a script in the page: what a person could do with its tools.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.ask("POST", "/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Light or dark.
    pub(crate) fn scheme(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        let command =
            json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}});
        self.ask("POST", "/goog/cdp/execute", &command);
    }

    /// A picture of the whole page into the folder that `TALLYSTICK_SCREENSHOTS` names, where it does.
    pub(crate) fn picture(&self, name: &str) {
        let Some(folder) = env::var_os("TALLYSTICK_SCREENSHOTS") else { return };
        for scheme in ["light", "dark"] {
            self.scheme(scheme);
            let command =
                json!({"cmd": "Page.captureScreenshot", "params": {"captureBeyondViewport": true}});
            let picture = self.ask("POST", "/goog/cdp/execute", &command);
            let data = picture["data"].as_str().expect("a picture");
            let bytes = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(Path::new(&folder).join(format!("{name}-{scheme}.png")), bytes)
                .expect("a file");
        }
        self.scheme("light");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.try_to("DELETE", "", &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
