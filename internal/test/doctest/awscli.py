"""A plugin of the AWS CLI that makes its process run command after command.

Starting the CLI takes longer than most commands. This process starts it once and then
forks for each command, which the program "aws" of this project's tests sends over a
Unix socket, together with its standard input and outputs.
"""

import array  # which socket.recv_fds needs
import gc
import json
import os
import select
import signal
import socket
import sys


def awscli_initialize(_events):
    # What the CLI would import during a command.
    import awscli.clidriver
    import awscli.handlers
    import botocore.auth
    import botocore.client
    import botocore.httpsession
    import botocore.signers

    server = socket.socket(socket.AF_UNIX)
    path = os.environ["DOCTEST_AWSCLI"]
    server.bind(path + ".new")
    server.listen(16)
    os.rename(path + ".new", path)  # it is there once it answers
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    gc.collect()
    gc.freeze()
    while True:
        ready, _, _ = select.select([server, sys.stdin], [], [])
        if sys.stdin in ready:  # it is closed when the tests are gone
            os._exit(0)
        conn, _ = server.accept()
        if os.fork() == 0:
            server.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            command(conn, awscli.clidriver.main)
        conn.close()


def command(conn, main):
    """Runs one command, tells its exit status and ends the process."""
    status = 255
    try:
        request, files, _, _ = socket.recv_fds(conn, 1 << 16, 3)
        while not request.endswith(b"\0"):
            request += conn.recv(1 << 16)
        request = json.loads(request[:-1])
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        environ = request["environ"]
        if "AWS_DATA_PATH" in os.environ:  # version 1 finds its own files by it
            environ["AWS_DATA_PATH"] = os.environ["AWS_DATA_PATH"]
        os.environ.clear()
        os.environ.update(environ)
        os.chdir(request["dir"])
        # Versions before 1.29 and 2.13 do not read the variable.
        sys.argv = ["aws", "--endpoint-url", environ["AWS_ENDPOINT_URL"], *request["args"]]
        status = without_aws(sys.argv[1:]) if "DOCTEST_WITHOUT_AWS" in environ else main()
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


def without_aws(arguments):
    """Runs a command that is never sent: its answer is made of the API's description."""
    import types

    import awscli.clidriver
    import botocore.utils

    def answer(model, **_):
        shape = model.output_shape
        made = botocore.utils.ArgumentGenerator().generate_skeleton(shape) if shape else {}
        return types.SimpleNamespace(status_code=200), made

    driver = awscli.clidriver.create_clidriver()
    driver.session.register("before-call", answer)
    return driver.main(arguments)
