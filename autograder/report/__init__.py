"""Verdicts as pages, one for each student and one for the class: pure functions of the records."""

from autograder.report.files import write_pages
from autograder.report.names import page_names
from autograder.report.pages import class_page, student_page

__all__ = ["class_page", "page_names", "student_page", "write_pages"]
