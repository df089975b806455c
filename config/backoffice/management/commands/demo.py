from config.backoffice.management.commands import run


class Command(run.Command):
    help = "Like run, with a story that shows every page at work."
    with_story = True
