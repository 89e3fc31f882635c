"""Pages on which one turns the group element: a model in a folder that a browser runs.

``write_demo`` writes the folder: the model as ONNX graphs, onnxruntime-web, pictures and the page.
"""

from groupae.demo.code_layout import Block, CodeLayout
from groupae.demo.controls import Control, Slider, Sliders, Steps, Trackball
from groupae.demo.demo_folder import Demo, check_demo_folder, write_demo
from groupae.demo.facts import Facts
from groupae.demo.graphs import Graphs, export_graphs
from groupae.demo.group_controls import control_of
from groupae.demo.runtime import Runtime, RuntimeMissingError, find_runtime
from groupae.demo.server import DemoServer

__all__ = [
    "Block",
    "CodeLayout",
    "Control",
    "Demo",
    "DemoServer",
    "Facts",
    "Graphs",
    "Runtime",
    "RuntimeMissingError",
    "Slider",
    "Sliders",
    "Steps",
    "Trackball",
    "check_demo_folder",
    "control_of",
    "export_graphs",
    "find_runtime",
    "write_demo",
]
