"""A folder is served to this machine only, and a taken port is one sentence."""

import http.client
import socket
import threading

import pytest

from groupae.demo import DemoServer
from groupae.demo.server import check_port


def test_a_page_is_served_to_this_machine_only(tmp_path, capfd):
    (tmp_path / "index.html").write_text("turn it")
    (tmp_path / "page.js").write_text("1")
    (tmp_path.parent / "secret.txt").write_text("of somebody")
    with DemoServer(tmp_path, 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        host, port = server.server_address
        assert host == "127.0.0.1"
        assert server.address == f"http://127.0.0.1:{port}/"
        line = http.client.HTTPConnection(host, port, timeout=5)
        for path, kind in (("/", "text/html"), ("/page.js", "text/javascript")):
            line.request("GET", path)
            answer = line.getresponse()
            assert (answer.status, answer.headers.get_content_type()) == (200, kind)
            answer.read()
        line.request("GET", "/../secret.txt")
        assert line.getresponse().status == 404
        line.close()
        server.shutdown()
    assert capfd.readouterr() == ("", "")


def test_a_taken_port_names_a_free_one(tmp_path):
    with DemoServer(tmp_path, 0) as server:
        port = server.server_address[1]
        with pytest.raises(OSError, match=f"expected a free port, got {port}, which is taken") as e:
            DemoServer(tmp_path, port)
        with pytest.raises(OSError, match="is taken"):
            check_port(port)
        free = int(str(e.value).split("--port ")[1].split()[0])
        assert free > port
        DemoServer(tmp_path, free).server_close()
    check_port(port)  # it is free again


@pytest.mark.parametrize("port", [-1, 65536, True, "80"])
def test_a_port_that_is_none_is_refused(port, tmp_path):
    with pytest.raises(ValueError, match=r"a port in 0\.\.65535"):
        DemoServer(tmp_path, port)


def test_a_port_taken_by_another_program_is_found_out(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="is taken"):
            DemoServer(tmp_path, other.getsockname()[1])
