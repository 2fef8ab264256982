"""Spares moto work that it would do again for every call."""

import functools
import gc
import os

import botocore.session
import moto.backends
import moto.core.responses
import moto.core.utils

# A third of its time went into looking for garbage, of which it makes little.
gc.set_threshold(100_000)

# The folders of its services, looked for on disk twice a call.
services = tuple(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: services

# The names of a service's calls.
moto.core.responses.method_names_from_class = functools.cache(moto.core.responses.method_names_from_class)

# A loader keeps the descriptions of services that it has read.
for module in botocore.session, moto.core.utils:
    module.create_loader = functools.cache(module.create_loader)

# Images of virtual machines, made anew in each region and at each reset.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
