"""Many small tasks in blocks over all cores of a cluster, as joblib does it over those of one machine."""

from itertools import islice

from benchmark.engines.cluster.session import Place, connected, nodes

SIZE = 64  # tasks of some hundredths of a second: a block takes seconds, its way to a node milliseconds
AHEAD = 2  # blocks under way for each core


def spread(engine, function, tasks):
    """Yield ``function(*task)`` for each task, in any order; a block whose node dies is run again.

    Of a block that still dies each task is run by itself, and for one that kills its process (task[0], reason) is
    yielded. The nodes must see the files that the function reads and writes. Raises what the function raises."""
    with connected(engine) as session:
        ray, left, running = session.ray, iter(tasks), {}
        remote = ray.remote(_block).options(num_cpus=1, max_retries=engine.retries)
        blocks, place = iter(lambda: list(islice(left, SIZE)), []), Place.here()
        ahead = AHEAD * max(1, int(sum(node["Resources"]["CPU"] for node in nodes(ray))))
        try:
            while True:
                free = max(0, ahead - len(running))
                running |= {remote.remote(place, function, block): block for block in islice(blocks, free)}
                if not running:
                    return
                (ref,), _ = ray.wait(list(running))
                results, suspects = _hear(ray, ref, running.pop(ref))
                running |= {remote.remote(place, function, [task]): [task] for task in suspects}
                yield from results
        finally:
            for ref in running:
                ray.cancel(ref)


def _block(place, function, tasks):
    place.enter()
    return [function(*task) for task in tasks]


def _hear(ray, ref, block):
    """Return the results of a block that ended, and its tasks that have to be tried one by one since it died."""
    try:
        return ray.get(ref), []
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    except ray.exceptions.RayError as error:
        if len(block) > 1:
            return [], block
        return [(block[0][0], f"kills the process that reads it ({type(error).__name__})")], []
