"""How are the files that shops publish read into observations?"""
