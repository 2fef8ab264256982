"""A plugin of the AWS CLI that makes its process run command after command.

Starting the CLI takes longer than most commands. This process starts it once, reads the
description of a service when a command first needs it, and forks for each command, which
the program "aws" of this project's tests sends over a Unix socket, together with its
standard input and outputs.
"""

import array  # which socket.recv_fds needs
import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys


def awscli_initialize(_events):
    import awscli.clidriver

    os.environ["AWS_CONFIG_FILE"] = os.devnull  # which does not name this plugin
    driver = awscli.clidriver.create_clidriver()
    awscli.clidriver.create_clidriver = lambda *_: driver
    services = Services(driver)

    server = socket.socket(socket.AF_UNIX)
    path = os.environ["DOCTEST_AWSCLI"]
    server.bind(path + ".new")
    server.listen(16)
    os.rename(path + ".new", path)  # it is there once it answers
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    while True:
        ready, _, _ = select.select([server, sys.stdin], [], [])
        if sys.stdin in ready:  # it is closed when the tests are gone
            os._exit(0)
        conn, _ = server.accept()
        request, files, _, _ = socket.recv_fds(conn, 1 << 16, 3)
        while not request.endswith(b"\0"):
            request += conn.recv(1 << 16)
        request = json.loads(request[:-1])
        services.load(request["args"])
        if os.fork() == 0:
            server.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            command(conn, request, files, driver, awscli.clidriver.main)
        for file in files:
            os.close(file)
        conn.close()


class Services:
    """Reads what the CLI would read during a command, where the children find it."""

    def __init__(self, driver):
        import botocore.session

        self.unread = dict(driver.create_help_command().command_table)
        # What a session remembers of its environment is not for the driver's.
        self.session = botocore.session.Session()
        self.session.register_component("data_loader", driver.session.get_component("data_loader"))
        freeze()

    def load(self, arguments):
        import awscli.clidriver
        import botocore.exceptions

        service = self.unread.pop(arguments[0], None) if arguments else None
        if not isinstance(service, awscli.clidriver.ServiceCommand):
            return
        service.create_help_command()
        name = service.service_model.service_name
        self.session.create_client(name, "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
        with contextlib.suppress(botocore.exceptions.DataNotFoundError):
            self.session.get_paginator_model(name)
        freeze()


def freeze():
    """Keeps the garbage collector from writing to what the children share."""
    gc.collect()
    gc.freeze()


def command(conn, request, files, driver, main):
    """Runs one command, tells its exit status and ends the process."""
    status = 255
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        environ = request["environ"]
        os.environ.clear()
        os.environ.update(environ)
        os.chdir(request["dir"])
        if caller := environ.get("AWS_EXECUTION_ENV"):  # which the driver has read already
            driver.session.user_agent_extra += f" exec-env/{caller}"
        if "DOCTEST_WITHOUT_AWS" in environ:
            answer_alone(driver.session)
        # Versions before 1.29 and 2.13 do not read the variable.
        sys.argv = ["aws", "--endpoint-url", environ["AWS_ENDPOINT_URL"], *request["args"]]
        status = main()
    except SystemExit as end:
        status = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in sys.stdout, sys.stderr:
            try:
                stream.flush()
            except OSError:  # "| head" has read enough
                pass
        conn.send(b"%d" % (status or 0))
        os._exit(0)


def answer_alone(session):
    """Has nothing sent: answers are made of the API's description."""
    import types

    import botocore.utils

    def answer(model, **_):
        shape = model.output_shape
        made = botocore.utils.ArgumentGenerator().generate_skeleton(shape) if shape else {}
        return types.SimpleNamespace(status_code=200), made

    session.register("before-call", answer)
