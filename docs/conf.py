"""Settings of the documentation site: ``sphinx-build -W docs docs/_build/html``."""

from __future__ import annotations

import softeq_sklearn

project = "softeq_sklearn"
author = "The softeq_sklearn developers"
copyright = f"2026, {author}"  # noqa: A001
release = version = softeq_sklearn.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]

# Pages are Markdown, with formulas in dollars and links to headings.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

autosummary_generate = True
# A reference page lists a package's public names, wherever their files are.
autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    # The storms take minutes, and continuous integration runs them as the main job.
    "filename_pattern": r"plot_(?!storm_symmetries)",
    "within_subsection_order": "sphinx_gallery.sorting.FileNameSortKey",
    "capture_repr": (),
    "show_memory": False,
    "write_computation_times": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
}
suppress_warnings = ["config.cache"]

html_theme = "pydata_sphinx_theme"
html_title = "softeq_sklearn"
html_theme_options = {
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}
html_sidebars = {"auto_examples/*": []}
html_show_sourcelink = False
