"""Runs flows of tutorials, each at several resource servers, and all of them at the same time.

Standard input says in JSON which flows, and where everything is; standard output is what happened, by flow and by resource
server.
"""

import json
import os
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

import authlib_flows
import bearer_flows
import requests_oauthlib_flows
from visit import Visit

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # of both libraries: plain HTTP, here over loopback
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

MODULES = {module.__name__: module for module in [authlib_flows, bearer_flows, requests_oauthlib_flows]}


def main():
    world = json.load(sys.stdin)
    visits = {flow: {name: Visit(world, url) for name, url in world["resource_servers"].items()} for flow in world["flows"]}
    # Each visit has a thread of its own, so that they all wait for tokens to expire at the same time.
    with ThreadPoolExecutor(sum(len(of_flow) for of_flow in visits.values())) as pool:
        for flow, of_flow in visits.items():
            for visit in of_flow.values():
                pool.submit(run, flow, visit)
    json.dump({flow: {name: visit.steps for name, visit in of_flow.items()} for flow, of_flow in visits.items()}, sys.stdout)


def run(flow, visit):
    module, function = flow.split(".")
    try:
        getattr(MODULES[module], function)(visit)
    except Exception:
        visit.note(traceback.format_exc())


main()
