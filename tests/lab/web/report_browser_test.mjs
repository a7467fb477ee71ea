// The HTML report as a reader meets it, in Chromium: what each view shows is
// what --json says, by mouse and by keyboard, in light and in dark. One process
// and one browser for all topics.
import "./report_document.mjs";
import "./report_answers.mjs";
import "./report_load.mjs";
