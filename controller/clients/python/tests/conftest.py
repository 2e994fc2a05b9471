pytest_plugins = ["drainlab.pytest_plugin"]
