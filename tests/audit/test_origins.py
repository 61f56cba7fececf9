"""What the record keeps of where a request came from."""

from audit.origins import origin_of, request_id


def test_a_callers_request_id_is_kept() -> None:
    assert request_id({"HTTP_X_REQUEST_ID": "req-7"}) == "req-7"


def test_a_request_without_an_id_gets_one_of_its_own() -> None:
    assert len({request_id({}), request_id({}), request_id({"HTTP_X_REQUEST_ID": " \n "})}) == 3


def test_a_request_id_is_cut_to_its_column() -> None:
    assert len(request_id({"HTTP_X_REQUEST_ID": "a" * 900})) == 64


def test_a_clients_name_is_made_fit_to_keep() -> None:
    origin = origin_of({"REMOTE_ADDR": "203.0.113.7", "HTTP_USER_AGENT": "curl\r\n" + "8" * 900}, "door")
    assert (origin.via, origin.ip, len(origin.user_agent)) == ("door", "203.0.113.7", 300)


def test_a_request_from_nowhere_has_no_address() -> None:
    assert origin_of({"REMOTE_ADDR": ""}, "page").ip == ""
