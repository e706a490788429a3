"""The parts of the page; each is a Solara component that is given the desk."""
