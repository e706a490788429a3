"""The browser app: a page on this machine in which a run is stepped, steered and looked into."""
