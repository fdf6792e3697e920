"""From a submission to a verdict: hidden tests in a trusted process, the student's code behind a wire."""
