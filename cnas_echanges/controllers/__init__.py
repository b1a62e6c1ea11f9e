from . import fhir, portail, sms
