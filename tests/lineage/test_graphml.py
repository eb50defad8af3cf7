"""GraphML: well formed whatever things are called."""

from xml.etree import ElementTree as ET

from lineage import graphml
from lineage.graph import Graph, Node
from tests.lineage.test_formats import GRAPH


def test_the_graphml_is_well_formed_whatever_the_names_and_names_nothing_hidden():
    odd = Node('dataset:n:<&\x00"', "dataset", "n", '<&\x00"', 5)
    root = ET.fromstring(graphml.as_graphml(Graph((*GRAPH.nodes, odd), GRAPH.edges, GRAPH.as_of)).encode())
    space = f"{{{graphml.GRAPHML}}}"
    labels = [one.text for one in root.iter(f"{space}data") if one.get("key") == "label"]
    assert labels == ["/raw", "train", "models:/m", None, '<&\ufffd"']
    ends = {(one.get("source"), one.get("target")) for one in root.iter(f"{space}edge")}
    assert ends == {("n0", "n1"), ("n1", "n2"), ("n3", "n1")}
