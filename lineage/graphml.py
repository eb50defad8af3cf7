"""A lineage graph as GraphML 1.0, which tools for graphs read."""

from lineage.graph import Graph
from lineage.svg import clean

GRAPHML = "http://graphml.graphdrawing.org/xmlns"


def as_graphml(graph: Graph) -> str:
    """Return `graph` as GraphML 1.0 for Gephi, yEd, networkx and the like: what data flows along, in its direction.

    What the reader may not see stands in it as in the picture, without a name.
    """
    keys = ["type", "namespace", "label"]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<graphml xmlns="{GRAPHML}">',
        *(f'<key id="{name}" for="node" attr.name="{name}" attr.type="string"/>' for name in keys),
        '<graph id="lineage" edgedefault="directed">',
        f"<desc>{clean(graph.focus)} {graph.as_of.isoformat()}</desc>",
    ]
    number = {node.id: f"n{place}" for place, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        told = zip(keys, (node.type, node.namespace, node.name), strict=True)
        data = "".join(f'<data key="{name}">{clean(value)}</data>' for name, value in told)
        lines.append(f'<node id="{number[node.id]}">{data}</node>')
    for place, (one, other) in enumerate(graph.edges):
        lines.append(f'<edge id="e{place}" source="{number[one]}" target="{number[other]}"/>')
    return "\n".join([*lines, "</graph>", "</graphml>", ""])
