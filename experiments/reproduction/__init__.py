"""Running stored results again: of a run, of a study, of a comparison; and how what comes out compares."""
